"""Photos by crop, size and colours, clothing in Fashion-MNIST's form, and the plain way that most demos go."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.errors import NothingDrawn
from core.images.photo import prepare_clothing, prepare_photo, prepare_plainly
from tests.drawings import draw_digit


@pytest.mark.parametrize("channels", [1, 3])
def test_a_photo_of_the_right_size_keeps_its_pixels(channels):
    values = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    values = values if channels == 3 else values[..., 0]
    prepared = prepare_photo(Image.fromarray(values), channels=channels, size=(32, 32))
    assert prepared.shape == (channels, 32, 32) and prepared.dtype == np.uint8 and prepared.flags.writeable
    assert np.array_equal(prepared, values.transpose(2, 0, 1) if channels == 3 else values[None])


def test_the_middle_is_cropped_to_the_aspect():
    wide = Image.new("RGB", (400, 200), "red")
    wide.paste("blue", (100, 0, 300, 200))
    prepared = prepare_photo(wide, channels=3, size=(32, 32))
    assert (prepared[2] > 200).all() and (prepared[0] < 60).all()
    tall = prepare_photo(wide.rotate(90, expand=True), channels=3, size=(20, 40))
    assert tall.shape == (3, 20, 40) and (tall[2] > 200).all()


def test_reducing_is_antialiased_and_enlarging_works():
    stripes = Image.fromarray(np.tile(np.uint8([0, 255]), (640, 320)))
    prepared = prepare_photo(stripes, channels=1, size=(32, 32))
    assert np.abs(prepared.astype(int) - 128).max() < 20
    assert prepare_photo(Image.new("RGB", (3, 1), "white"), channels=3, size=(32, 32)).min() == 255


def test_transparency_is_flattened_on_white_whatever_is_hidden():
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert (prepare_photo(clear, channels=3, size=(32, 32)) == 255).all()
    half = Image.new("LA", (32, 32), (0, 128))
    assert np.abs(prepare_photo(half, channels=1, size=(32, 32)).astype(int) - 127).max() <= 1


def shirt(background: str, cloth: str, size: int = 300) -> Image.Image:
    picture = Image.new("RGB", (size, size), background)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0.4 * size, 0.3 * size, 0.6 * size, 0.8 * size), fill=cloth)
    draw.rectangle((0.25 * size, 0.3 * size, 0.75 * size, 0.45 * size), fill=cloth)
    return picture


@pytest.mark.parametrize(("background", "cloth"), [("white", "#404040"), ("black", "#c0c0c0"), ("#eeeeee", "navy")])
def test_clothing_is_bright_on_black_trimmed_to_28_and_centred(background, cloth):
    prepared = prepare_clothing(shirt(background, cloth))[0]
    rows, columns = np.flatnonzero(prepared.any(1)), np.flatnonzero(prepared.any(0))
    assert prepared.shape == (28, 28) and prepared[27, 0] == 0
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 28
    assert abs((rows[0] + rows[-1]) / 2 - 13.5) <= 1 and abs((columns[0] + columns[-1]) / 2 - 13.5) <= 1
    assert prepared[14, 14] > 150


def test_clothing_in_the_form_passes_unchanged():
    ready = prepare_clothing(shirt("white", "#404040"))
    assert np.array_equal(prepare_clothing(Image.fromarray(ready[0])), ready)


def test_a_picture_without_an_item_is_refused():
    for picture in (Image.new("RGB", (200, 200), "white"), Image.new("L", (28, 28), 250), Image.new("RGBA", (50, 50))):
        with pytest.raises(NothingDrawn, match=r"shows no item.*\.$"):
            prepare_clothing(picture)


def test_no_size_of_a_photo_is_cropped_beyond_its_edge():
    """29 * 28 / 28 need not be 29 in floating-point numbers, and Pillow refuses a corner at -1e-14."""
    for short in range(1, 130):
        for size in ((short, short + 87), (short + 87, short)):
            assert prepare_photo(Image.new("L", size, 99), channels=1, size=(28, 28)).min() == 99


def test_the_plain_way_shrinks_and_inverts_and_does_not_centre():
    picture = draw_digit(1, middle=(0.2, 0.2), fill=0.3)
    pixels = prepare_plainly(picture, 1, (28, 28))
    assert pixels.shape == (1, 28, 28) and pixels[0, -5:, -5:].max() == 0, "dark where nothing was drawn"
    rows, columns = np.nonzero(pixels[0] > 127)
    assert rows.mean() < 10 and columns.mean() < 10, "it stays in its corner"
    assert prepare_plainly(picture, 3, (8, 10)).shape == (3, 8, 10)
