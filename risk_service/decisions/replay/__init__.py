"""Decides stored decisions again from what their records hold, and compares bit by bit."""
