"""Where the ink is, whatever its colour and that of the page, and which parts make up the figure."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.errors import NothingDrawn
from core.images.inkmap import found_in


def sheet(page="white", ink="black", mode="RGB"):
    image = Image.new(mode, (200, 200), page)
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 40, 80, 160), fill=ink)
    pen.rectangle((100, 40, 120, 160), fill=ink)
    pen.rectangle((185, 5, 186, 6), fill=ink)  # a speck
    return image


@pytest.mark.parametrize(
    "image",
    [sheet(), sheet("black", "white"), sheet("yellow", "navy"), sheet((0, 0, 0, 0), (0, 0, 0, 255), "RGBA")],
    ids=["black on white", "white on black", "colours", "on nothing"],
)
def test_the_figure_is_found_and_the_speck_is_not(image):
    ink, parts = found_in(image)
    assert ink.shape == (200, 200) and ink.dtype == np.float32 and not ink.flags.writeable
    assert parts.chosen.sum() == 2 and parts.box().tolist() == [40, 60, 161, 121] and parts.side() == 121
    assert parts.strokes().sum() == 2 * 21 * 121


def test_a_page_alone_has_no_ink():
    with pytest.raises(NothingDrawn):
        found_in(Image.new("RGB", (200, 200), "white"))
