"""What claims and promotion actions have in common: the group, counting, the combination."""
