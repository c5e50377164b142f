"""Slices by time, matured labels, three calibrated models, thresholds by cost."""
