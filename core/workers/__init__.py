"""The processes of runs: one for each, how they start, wait for their turn, go on and end."""
