"""Guided experiments: the list of them, one of them with its steps, and its sheets on paper."""
