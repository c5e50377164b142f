"""Durable decisions in one SQLite file."""
