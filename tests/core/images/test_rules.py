"""Ruled paper: its lines go, strokes stay."""

import numpy as np

from core.images.rules import without_rules


def test_rules_go_and_strokes_stay():
    ink = np.zeros((200, 300), np.float32)
    ink[20::30] = 0.4
    ink[21::30] = 0.4
    strokes = np.zeros_like(ink, dtype=bool)
    strokes[40:160, 140:152] = True
    ink[strokes] = 0.9
    left = without_rules(ink, ink > 0.3)
    assert (left & ~strokes).sum() == 0 and (left & strokes).sum() == strokes.sum()
    ink[strokes] = 0.45  # pencil as faint as the rules is told from them by its length across them
    assert (without_rules(ink, ink > 0.3) & strokes).sum() == strokes.sum()
