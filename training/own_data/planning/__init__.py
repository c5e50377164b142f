"""Decides, by events before the end of training, what is computed for every event.

Begin with ``make_plan``; what it decides is a ``FeaturePlan`` (``training.own_data.plan``).
"""
