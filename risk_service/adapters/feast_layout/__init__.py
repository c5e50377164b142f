"""Reads Feast's own online layout without Feast."""
