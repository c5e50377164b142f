"""The composition root: builds the service and serves it."""
