"""Datasets of someone's own pictures: importing them, checking them, keeping every version. Importable without torch."""
