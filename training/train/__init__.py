"""How the promotion models are made: slices by time, matured labels, fits, calibration, costs.

``source`` makes the vectors, ``tasks`` the slices, ``fit`` the models with ``thresholds`` by
``costs``; ``bundle`` and ``run_file`` say what is kept of them.
"""
