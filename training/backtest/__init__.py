"""Backtests: what a rule would have flagged, event by event, as of each event.

Begin with ``run``. Orders go through ``orders`` and ``order_columns``, which have the features of
the live service. Own events go through ``own``: ``variables`` and ``names`` say what a condition
may ask, ``values`` and ``history`` compute it. For both, ``sweep`` evaluates the condition,
``truth`` says what became of the events, ``tally`` counts, and ``result`` is the JSON.
"""
