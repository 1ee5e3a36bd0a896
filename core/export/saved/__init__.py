"""A run in one file, saved here and opened elsewhere."""
