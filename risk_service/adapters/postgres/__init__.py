"""The reservation ledger in PostgreSQL, shared by all processes."""
