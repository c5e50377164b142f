"""The training report, as one HTML page with plots."""
