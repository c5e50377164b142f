"""What people put in force: rules, limit policies and lists, with a second pair of eyes."""
