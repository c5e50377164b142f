"""One schema of features, the order's own columns, and the one vector builder."""
