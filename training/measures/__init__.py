"""How well scores rank: curves, intervals, reliability, groups of customers, leaks.

``test_slice`` is what is measured. Nothing here knows how a model was made.
"""
