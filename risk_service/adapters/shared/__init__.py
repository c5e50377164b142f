"""Windows that several services share: what each of them owes to them, and pays."""
