"""What the business talks about: orders, decisions, errors. Imports nothing of ours."""
