"""Allow, deny and grey lists: a million entries, looked up in microseconds."""
