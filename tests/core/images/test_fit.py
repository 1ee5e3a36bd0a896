"""Squares of any picture, in four ways."""

import numpy as np
import pytest
from PIL import Image

from core.errors import NothingDrawn
from core.images.fit import prepare_square
from tests.drawings import draw_digit

WIDE = Image.new("RGB", (40, 20), "red")
WIDE.paste("blue", (10, 0, 30, 20))  # the middle square


@pytest.mark.parametrize(
    ("fit", "left", "top"),
    [("crop", (0, 0, 255), (0, 0, 255)), ("stretch", (255, 0, 0), (0, 0, 255)), ("pad", (255, 0, 0), (0, 0, 0))],
)
def test_what_becomes_of_a_wide_picture(fit, left, top):
    pixels = prepare_square(WIDE, channels=3, side=20, fit=fit)
    assert pixels.shape == (3, 20, 20) and pixels.dtype == np.uint8
    assert tuple(pixels[:, 10, 0]) == left
    if fit != "pad":
        assert tuple(pixels[:, 0, 10]) == top
    else:
        assert (pixels[:, 0] == pixels[:, -1]).all() and (pixels[:, 0] == pixels[:, 0, :1]).all(), "edges of one colour"


def test_ink_is_mnists_recipe_at_any_size():
    pixels = prepare_square(draw_digit(3), channels=1, side=56, fit="ink")
    rows = np.flatnonzero(pixels[0].any(1))
    assert pixels.shape == (1, 56, 56) and 39 <= np.ptp(rows) + 1 <= 40
    with pytest.raises(NothingDrawn):
        prepare_square(Image.new("L", (40, 40)), channels=1, side=28, fit="ink")
