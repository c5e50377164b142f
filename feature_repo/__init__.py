"""Feast repository: definitions, configuration and the offline store of ours."""
