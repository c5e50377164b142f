"""Signed model bundles: verified before parsed, scored through LightGBM's C API."""
