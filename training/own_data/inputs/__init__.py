"""The model inputs of every event, as of that event, by the plan.

Begin with ``make``. ``declare`` names windows, ``history`` puts events and labels in the order in
which they were known; ``formulas``, ``habits``, ``steps``, ``links`` and ``role_inputs`` make
inputs of both.
"""
