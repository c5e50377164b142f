"""Brings a service's live state up to date with history that it did not see itself."""
