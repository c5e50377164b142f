"""Training on a shop's own events: histories, label rates and links without any code.

``run`` is the use case behind ``risk train``, ``evaluate`` that behind ``risk evaluate``. From
``fields`` of events ``planning`` decides what follows of the declared entities: windows, matured
label rates, pairs and links. ``inputs`` computes them as of each event, ``learning`` makes a model
of them and ``measuring`` says what it is worth, both with the code of the promotion models.
"""
