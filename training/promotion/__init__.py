"""The use cases behind ``risk train`` and ``risk evaluate`` on promotion orders.

``train`` makes a run: a signed bundle, its figures and a report. ``evaluate`` measures one again,
on its own data or on what came later; ``against_truth`` beside what the simulator knows.
"""
