"""The decision on a claim for a refund, at the time of the claim."""
