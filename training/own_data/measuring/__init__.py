"""What a model is worth on events that it has not seen: ``measure``, and what is told beside it."""
