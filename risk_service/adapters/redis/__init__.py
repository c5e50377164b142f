"""Windows in Redis: one packed record per entity, shared by all workers."""
