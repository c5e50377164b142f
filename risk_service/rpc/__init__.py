"""The gRPC edge: decodes, validates, gathers, converts. It decides nothing."""
