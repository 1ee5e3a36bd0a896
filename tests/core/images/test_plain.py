"""The plain way from a picture to a network's input."""

import numpy as np

from core.images.plain import prepare_plainly
from tests.drawings import draw_digit


def test_the_plain_way_shrinks_and_inverts_and_does_not_centre():
    picture = draw_digit(1, middle=(0.2, 0.2), fill=0.3)
    pixels = prepare_plainly(picture, 1, (28, 28))
    assert pixels.shape == (1, 28, 28) and pixels[0, -5:, -5:].max() == 0, "dark where nothing was drawn"
    rows, columns = np.nonzero(pixels[0] > 127)
    assert rows.mean() < 10 and columns.mean() < 10, "it stays in its corner"
    assert prepare_plainly(picture, 3, (8, 10)).shape == (3, 8, 10)
