"""Digits of 8 x 8: as high as the form, with as much ink as its own."""

import numpy as np
import pytest
from PIL import Image

from core.errors import NothingDrawn
from core.images.optdigits import MASS, prepare_optdigits
from tests.drawings import draw_digit


@pytest.mark.parametrize("digit", range(10))
def test_a_drawn_digit_gets_the_form(digit):
    pixels = prepare_optdigits(draw_digit(digit))
    assert pixels.shape == (1, 8, 8) and pixels.dtype == np.uint8
    assert pixels[0].any(1).all(), "it is 8 high"
    assert MASS - 2.5 <= pixels.sum() / 255 <= MASS + 0.5


def test_what_has_the_form_passes_and_a_blank_page_does_not():
    own = np.zeros((8, 8), np.uint8)
    own[:, 3:5] = 200
    np.testing.assert_array_equal(prepare_optdigits(Image.fromarray(own))[0], own)
    with pytest.raises(NothingDrawn):
        prepare_optdigits(Image.new("L", (100, 100), 255))
