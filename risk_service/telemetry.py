"""Prometheus metrics of the service. Holds names and buckets only."""
