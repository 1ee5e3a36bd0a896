"""Lists of runs and experiments."""
