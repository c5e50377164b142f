"""The promotion world: honest customers, their look-alikes, and attackers who adapt."""
