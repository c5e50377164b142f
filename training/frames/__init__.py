"""Slow features from history, point-in-time frames, materialisation, model vectors."""
