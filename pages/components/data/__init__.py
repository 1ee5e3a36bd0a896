"""Datasets, and how pictures come."""
