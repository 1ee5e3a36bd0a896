"""The scripts of the page in one file make the same pixels of a picture as `core.images`."""

import io

import numpy as np
import pytest
from PIL import Image

from core.datasets._base import Preparation
from core.export.page.preparation import KNOWN
from core.images.read import read_image
from tests.browser.preparing import difference, prepared_in_browser, prepared_in_python, preparing_page
from tests.doodles import draw_doodle
from tests.drawings import draw_digit, on_paper, see_through, stroke_mask

pytestmark = pytest.mark.browser

INK = Preparation("ink", "prepare_ink")
OPTDIGITS = Preparation("optdigits", "prepare_optdigits")
CLOTHING = Preparation("photo", "prepare_clothing")


@pytest.fixture(scope="module")
def page(browser):
    page = preparing_page(browser)
    yield page
    page.close()


def differences(page, images, preparation) -> list[np.ndarray]:
    theirs, _ = prepared_in_browser(page, images, preparation)
    ours = prepared_in_python(images, preparation)
    return [difference(one, other) for one, other in zip(theirs, ours, strict=True)]


def same(page, images, preparation, but: int = 0) -> bool:
    """Whether all pixels are the same, of all pictures but some in which another processor's float32 may tip a threshold."""
    found = differences(page, images, preparation)
    assert max(each.mean() for each in found) < 2
    return sum(each.max() > 0 for each in found) <= but


def test_drawings_become_the_same_pixels(page):
    digits = [draw_digit(digit, style, pen=pen) for digit in range(10) for style, pen in ((0, 20), (1, 5))]
    doodles = [
        draw_doodle(name, pen=pen) for name, pen in (("house", 20), ("dots", 20), ("grid", 20), ("letter W", 40))
    ]
    assert same(page, digits + doodles, INK)
    shown = [
        draw_digit(4, pen=45),
        draw_digit(7, ink=(200, 30, 30), paper=(250, 240, 200)),
        draw_digit(3, ink=255, paper=10),
    ]
    tall = [draw_digit(1, fill=0.99, pen=14), draw_digit(2, size=(1200, 700), pen=10), draw_digit(8, size=90, pen=2)]
    assert same(page, shown + tall, INK)
    assert same(page, [*digits[::4], draw_digit(5, size=8, pen=1)], OPTDIGITS, but=1)


def test_see_through_drawings_become_the_same_pixels(page):
    strokes = [see_through(stroke_mask(digit, size=(300, 400)), hidden=(digit * 60, 0, 0)) for digit in (2, 4)]
    light = see_through(stroke_mask(6, size=700), ink=(240, 240, 255))
    card = Image.new("RGBA", (400, 400))
    card.paste(draw_digit(5, size=260, paper=(255, 255, 230), ink=(20, 20, 90)), (70, 60))
    assert same(page, [*strokes, light, card], INK)


def test_photos_of_paper_become_the_same_pixels(page):
    sheets = [
        on_paper(
            stroke_mask(digit, size=(480, 360), pen=9, fill=0.45),
            seed=digit,
            strength=strength,
            rule=rule,
            checked=rule > 30,
            table=table,
        )
        for digit, strength, rule, table in (
            (0, 0.9, 0, 0.0),
            (4, 0.5, 20, 0.0),  # in these two the rules, left in, would change the figure
            (6, 0.4, 24, 0.0),
            (8, 0.9, 0, 0.3),  # and in these two the table
            (0, 0.9, 60, 0.3),
        )
    ]
    board = on_paper(stroke_mask(2, size=(360, 480), pen=16), ink=(255, 255, 255), strength=0.9, light=0.2, seed=1)
    assert same(page, [*sheets, Image.eval(board, lambda value: 255 - value)], INK, but=1)


def test_what_touches_by_a_corner_is_one_figure(page):
    picture = Image.new("L", (280, 280), 255)
    picture.paste(0, (60, 40, 72, 240))
    speck = picture.copy()
    picture.paste(0, (72, 240, 80, 248))
    speck.paste(0, (76, 244, 84, 252))
    assert not np.array_equal(INK(picture), INK(speck)) and same(page, [picture, speck], INK)


def test_what_has_the_form_already_stays(page):
    made = [Image.fromarray(INK(draw_digit(digit))[0]) for digit in (0, 6)]
    ready = [
        *made,
        Image.eval(made[0], lambda value: 255 - value),
        Image.fromarray(np.uint8(INK(draw_digit(7))[0] > 99) * 255),
    ]
    assert same(page, ready, INK)
    assert same(page, [Image.fromarray(OPTDIGITS(draw_digit(9))[0])], OPTDIGITS)


def test_an_empty_picture_is_refused_with_the_same_sentence(page):
    empty = [
        Image.new("L", (280, 280), 255),
        Image.new("RGBA", (50, 50)),
        Image.new("RGB", (2, 9)),
        Image.effect_noise((99, 99), 3),
    ]
    theirs, _ = prepared_in_browser(page, empty, INK)
    assert theirs == prepared_in_python(empty, INK) and all("Nothing is drawn" in each for each in theirs)
    assert same(page, empty[:1], CLOTHING)


def scene(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture full of edges, so that a pixel's shift or a rounding is seen. RGBA: see-through in part."""
    random = np.random.default_rng(width)
    values = random.integers(0, 256, (height, width, len(mode)), np.uint8)
    values[height // 3 :, : width // 2] //= 2
    return Image.fromarray(values)


def test_photos_become_the_same_pixels(page):
    scenes = [
        scene(97, 61),
        scene(61, 190),
        scene(500, 375),
        scene(333, 500, "RGBA"),
        scene(31, 32),
        scene(32, 32),
        scene(7, 5),
    ]
    for channels, size in ((3, (32, 32)), (3, (20, 44)), (1, (32, 32))):
        assert same(page, scenes, Preparation("photo", "prepare_photo", {"channels": channels, "size": size}))
    for channels, fit in ((3, "crop"), (3, "pad"), (3, "stretch"), (1, "pad")):
        assert same(page, scenes, Preparation("fit", "prepare_square", {"channels": channels, "side": 48, "fit": fit}))


def test_squares_of_ink_and_clothing_become_the_same_pixels(page):
    drawings = [draw_digit(digit, size=200, pen=30) for digit in (1, 2, 5)]
    assert same(page, drawings, Preparation("fit", "prepare_square", {"channels": 1, "side": 64, "fit": "ink"}), but=1)
    assert same(page, [*drawings, scene(90, 60), Image.fromarray(CLOTHING(drawings[1])[0])], CLOTHING)


def test_a_large_picture_is_reduced_first_as_when_it_is_read(page):
    file, large = io.BytesIO(), scene(1700, 331)
    large.save(file, "PNG")
    square = Preparation("fit", "prepare_square", {"channels": 1, "side": 48, "fit": "stretch"})
    read = square(read_image(file.getvalue(), "large.png"))
    assert not np.array_equal(read, square(large))
    assert np.array_equal(prepared_in_browser(page, [large], square)[0][0], read)


def test_the_scripts_know_what_python_says_they_do(page):
    ways = page.evaluate(
        "Object.entries(Preparation.ways).flatMap(([module, made]) => Object.keys(made).map((name) => [module, name]))"
    )
    assert {tuple(each) for each in ways} == KNOWN
    theirs, _ = prepared_in_browser(page, [scene(9, 9)], Preparation("photo", "prepare_plainly"))
    assert theirs == [
        "This page cannot prepare pictures as photo.prepare_plainly does; use TrainDesk for this network."
    ]
