"""Rules in CEL and lists: what analysts write, checked, published and taken back."""
