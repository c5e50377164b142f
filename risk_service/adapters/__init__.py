"""What stands behind the ports. Adapters hold no rules."""
