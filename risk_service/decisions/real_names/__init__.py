"""Real names: what accounts are verified to, and how they get there."""
