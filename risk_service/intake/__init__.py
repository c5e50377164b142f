"""Events that a shop reports: the life of orders, and promotion actions."""
