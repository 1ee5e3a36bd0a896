"""Ink in photos of paper under uneven light."""

import numpy as np
import pytest

from core.errors import NothingDrawn
from core.images.paper import photo_map

LIGHT = np.linspace(90, 240, 300, dtype=np.float32)[None, :].repeat(200, 0)  # falls off from right to left


def photo(ink: float | None) -> np.ndarray:
    grey = LIGHT + np.random.default_rng(0).normal(0, 1, LIGHT.shape).astype(np.float32)
    if ink is not None:
        grey[60:140, 145:153] *= ink
    return np.repeat(grey[:, :, None], 3, axis=2)


@pytest.mark.parametrize("ink", [0.2, 0.6], ids=["pen", "pencil"])
def test_strokes_stand_out_and_falling_light_does_not(ink):
    found = photo_map(photo(ink))
    stroke = np.zeros(found.shape, bool)
    stroke[60:140, 145:153] = True
    assert found.dtype == np.float32 and found[stroke].mean() > 0.7 and found[~stroke].mean() < 0.05


def test_light_alone_is_no_ink():
    with pytest.raises(NothingDrawn):
        photo_map(photo(None))
