"""Charts: live curves, figures whose points can be clicked, matrices."""
