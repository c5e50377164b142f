"""Import of a shop's own events: a mapping and a file in, a described set of events out."""
