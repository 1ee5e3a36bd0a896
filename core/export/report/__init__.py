"""A run on paper: one page without requests, with its curves, scores and worst mistakes."""
