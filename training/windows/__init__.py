"""Windows offline: the same counts that the online records give, over a whole log at once."""
