"""Who changed what: the trail of changes that people made."""
