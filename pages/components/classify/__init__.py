"""Pictures, drawn or uploaded, and what networks say of them."""
