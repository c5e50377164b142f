"""The use cases of a decision: order, challenge, policy, reasons, record."""
