"""Normalises identifiers, derives coarse traits, then turns identifiers into keyed tokens."""
