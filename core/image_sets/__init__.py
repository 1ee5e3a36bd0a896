"""Datasets of someone's own pictures: bringing them in, checking them, keeping every version. Importable without torch."""
