"""Training: one readable loop and the parts it uses."""
