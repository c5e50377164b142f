"""Windows in the process itself: records in memory, a cache of the log of decisions and events."""
