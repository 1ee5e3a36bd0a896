"""Runs on disk: one folder each, an event log, a derived status, a detached worker. Nothing here imports torch."""
