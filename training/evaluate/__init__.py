"""The figures of a model on its test slice: what it finds, what it costs, who is hurt."""
