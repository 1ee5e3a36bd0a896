"""Two figures in one picture are seen, one figure of several strokes is none of that; a dot of the pen is no figure."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.datasets import DATASETS
from core.images.one_figure import is_crowded, is_little
from tests.drawings import draw_digit


def beside(left, right, gap):
    """Both drawings cut to their ink, side by side on white; `gap` pixels between them."""
    cut = []
    for image in (left, right):
        ink = np.asarray(image.convert("L")) < 128
        columns = np.flatnonzero(ink.any(0))
        cut.append(image.convert("L").crop((int(columns[0]), 0, int(columns[-1]) + 1, image.height)))
    sheet = Image.new("L", (cut[0].width + gap + cut[1].width + 40, left.height), 255)
    sheet.paste(cut[0], (20, 0))
    sheet.paste(cut[1], (20 + cut[0].width + gap, 0))
    return sheet


def test_far_apart_one_is_left_out_and_close_together_both_are_read_as_one():
    assert is_crowded(beside(draw_digit(3), draw_digit(8), 150)) == (True, False)
    assert is_crowded(beside(draw_digit(3), draw_digit(8), 15)) == (False, True)


@pytest.mark.parametrize("digit", range(10))
def test_one_drawn_digit_is_one(digit):
    assert is_crowded(draw_digit(digit)) == (False, False)


def test_a_broken_five_and_a_dotted_seven_are_one():
    five = Image.new("L", (280, 280), 255)
    five.paste(0, (90, 60, 190, 78))  # the bar, apart
    five.paste(0, (88, 92, 106, 150))
    five.paste(0, (88, 132, 180, 150))
    five.paste(0, (164, 132, 182, 220))
    five.paste(0, (90, 204, 182, 222))
    assert is_crowded(five) == (False, False)
    seven = draw_digit(7)
    seven.paste(0, (230, 230, 246, 246))
    assert is_crowded(seven) == (False, False)


def test_nothing_is_no_crowd():
    assert is_crowded(Image.new("L", (280, 280), 255)) == (False, False)


def test_none_of_the_digits_of_strangers_is_taken_for_two_and_two_are(data_folder):
    drawn = data_folder / "strangers_digits"
    if not drawn.is_dir():
        pytest.skip("strangers' digits are not on this computer")
    labels = json.loads((drawn / "labels.json").read_text())
    crowded = {path.name for path in drawn.glob("*.png") if any(is_crowded(Image.open(path)))}
    assert not crowded & set(labels["labels"])
    assert len(crowded & set(labels["several_or_no_digit"])) >= 3


@pytest.mark.parametrize("pen", [8, 14, 20, 28, 36])
@pytest.mark.parametrize("slip", [0, 0.5])
def test_a_dot_is_little_whatever_the_pen_also_when_it_slipped(pen, slip):
    sheet = Image.new("L", (1120, 1120), 255)
    for shift in np.linspace(0, slip * pen * 4, 9):
        ImageDraw.Draw(sheet).ellipse((400 + shift, 400, 400 + shift + pen * 4, 400 + pen * 4), fill=0)
    assert is_little(sheet.resize((280, 280), Image.Resampling.LANCZOS))


def test_a_digit_of_a_fifth_of_the_page_is_not_little(tmp_path):
    assert not any(is_little(draw_digit(digit, fill=0.15, pen=10)) for digit in range(10))
    for pixels in DATASETS.parse("mnist").load(tmp_path).test_images[:60]:
        sheet = Image.new("L", (280, 280), 255)
        digit = Image.fromarray(255 - np.asarray(pixels).reshape(28, 28))
        sheet.paste(digit.resize((78, 78), Image.Resampling.BICUBIC), (60, 90))
        assert not is_little(sheet)


def test_where_there_is_nothing_nothing_is_little():
    assert not is_little(Image.new("L", (280, 280), 255))
