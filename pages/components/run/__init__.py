"""A run's page: what it does, its curves, what it learned, what can be done with it."""
