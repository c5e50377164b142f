"""Backtests: what a rule would have flagged, event by event, as of each event."""
