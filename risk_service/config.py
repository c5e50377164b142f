"""Settings of the service, read once at the composition root."""
