"""A first mapping for a file of events, with why each line is there.

Begin with ``guess``. ``look`` reads what the columns hold; ``label``, ``event_time`` and
``columns`` say what each is good for, by ``words`` that columns are called by in several languages.
"""
