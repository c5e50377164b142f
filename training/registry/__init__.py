"""Writes and signs model bundles."""
