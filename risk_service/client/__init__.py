"""What checkout imports: deadline, one retry, an explicit fallback answer."""
