"""Experiments: several runs that differ in chosen settings, made at once. Nothing here imports torch."""
