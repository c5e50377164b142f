"""What is kept of one person, for appeals and requests of access."""
