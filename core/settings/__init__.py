"""Typed settings, and the registries of those that can be chosen by name."""
