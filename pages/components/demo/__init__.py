"""Home and the demo."""
