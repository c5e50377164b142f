"""What the fields of an event say by themselves: its columns, and keys that are made of them.

``columns`` gives inputs, ``keys`` names all fields that may be keys; ``derive`` reads texts,
``ages`` numbers that are ages. ``differences``, ``sums`` and ``roles`` find columns that belong
together.
"""
