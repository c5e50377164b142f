"""Signed model bundles: verification, LightGBM runtime, calibration, scores, reasons.

Way of a bundle: ``bundle.verify_bundle`` -> ``scorer.Scorer``; a service that must come up
with the last model that worked calls ``last_good.load_or_last_good``. Holds no training
code; importing it loads neither LightGBM's Python package nor its C library.
"""
