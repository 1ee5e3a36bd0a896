"""A dot of the pen is no figure, the smallest and fattest digits are."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.datasets import DATASETS
from core.images.little import is_little
from tests.drawings import draw_digit


@pytest.mark.parametrize("pen", [8, 14, 20, 28, 36])
@pytest.mark.parametrize("slip", [0, 0.5])
def test_a_dot_is_little_whatever_the_pen_also_when_it_slipped(pen, slip):
    sheet = Image.new("L", (1120, 1120), 255)
    for shift in np.linspace(0, slip * pen * 4, 9):
        ImageDraw.Draw(sheet).ellipse((400 + shift, 400, 400 + shift + pen * 4, 400 + pen * 4), fill=0)
    assert is_little(sheet.resize((280, 280), Image.Resampling.LANCZOS))


def test_a_digit_of_a_fifth_of_the_page_is_not_little(tmp_path):
    assert not any(is_little(draw_digit(digit, fill=0.15, pen=10)) for digit in range(10))
    for pixels in DATASETS.parse("mnist").load(tmp_path).test_images[:300]:
        sheet = Image.new("L", (280, 280), 255)
        digit = Image.fromarray(255 - np.asarray(pixels).reshape(28, 28))
        sheet.paste(digit.resize((78, 78), Image.Resampling.BICUBIC), (60, 90))
        assert not is_little(sheet)


def test_where_there_is_nothing_nothing_is_little():
    assert not is_little(Image.new("L", (280, 280), 255))
