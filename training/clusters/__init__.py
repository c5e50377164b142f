"""Cluster features of a whole log: the service's own functions, fed with the log's events."""
