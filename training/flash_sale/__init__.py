"""A flash sale under attack: who gets the units, with and without limits on clusters."""
