"""Purchase limits: policies as data, what an order asks of them, and reservations."""
