"""From inputs and labels to a model, inside the training window alone.

``slices`` says which events are learned from, ``choose`` takes parameters and inputs by folds in
time (``learn``, ``tree_count``), ``keep`` fits, calibrates and sets thresholds.
"""
