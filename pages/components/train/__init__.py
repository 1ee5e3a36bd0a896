"""The training form and what stands around it."""
