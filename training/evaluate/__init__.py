"""Measures a trained run on its test slice."""
