"""prepare_ink: the same digit gives the same image however it was brought, in MNIST's form; blank pictures are refused."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from core.datasets import DATASETS
from core.datasets.cache import open_images
from core.errors import NothingDrawn
from core.images.ink import THINNEST, centre, enlarge, even_thickness, prepare_ink, stroke_width
from core.images.inkmap import flat_colours, ink_map, parts_of
from core.images.optdigits import prepare_optdigits
from tests.drawings import draw_digit, on_paper, see_through, stroke_mask, styles

DIGITS = range(10)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference relative to the ink: 0 the same, 2 nothing in common; the best of shifts by one pixel."""
    a, b = a[0].astype(float), b[0].astype(float)
    shifts = [np.roll(b, (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return min(np.abs(a - shifted).sum() for shifted in shifts) / max(a.sum(), 1)


def centre_of_mass(field: np.ndarray) -> tuple[float, float]:
    weights = field[0] / field.sum(dtype=float)
    return float(weights.sum(1) @ np.arange(28)), float(weights.sum(0) @ np.arange(28))


def extent(field: np.ndarray) -> int:
    rows, columns = np.flatnonzero(field[0].any(1)), np.flatnonzero(field[0].any(0))
    return int(max(np.ptp(rows), np.ptp(columns))) + 1


@pytest.mark.parametrize("digit", DIGITS)
def test_every_style_comes_out_in_mnists_form(digit):
    for style in range(styles(digit)):
        field = prepare_ink(draw_digit(digit, style, fill=0.5, middle=(0.4, 0.55), slant=0.2))
        assert field.shape == (1, 28, 28) and field.dtype == np.uint8
        assert extent(field) == 20
        assert max(abs(place - 14) for place in centre_of_mass(field)) <= 0.51
        assert field.max() > 240 and field[0, 0].max() == 0


RENDERINGS = {
    "white on black": lambda mask: mask,
    "grey on grey": lambda mask: mask.point(lambda v: 180 - v // 3),
    "red on green": lambda mask: Image.composite(*(Image.new("RGB", mask.size, c) for c in ("red", "#206020")), mask),
    "clear, dark ink, hidden black": lambda mask: see_through(mask),
    "clear, dark ink, hidden white": lambda mask: see_through(mask, hidden=(255, 255, 255)),
    "clear, white ink, hidden black": lambda mask: see_through(mask, (255, 255, 255)),
    "clear, white ink, hidden white": lambda mask: see_through(mask, (255, 255, 255), (255, 255, 255)),
    "photo": lambda mask: on_paper(mask, light=0.3, noise=3),
    "photo in the dusk": lambda mask: on_paper(mask, light=0.6, noise=5, seed=4),
    "photo of faint ink": lambda mask: on_paper(mask, strength=0.5, light=0.3, noise=3, seed=2),
    "photo with the table": lambda mask: on_paper(mask, table=0.1, light=0.3, seed=3),
    "photo of lined paper": lambda mask: on_paper(mask, rule=44, light=0.3, noise=2, seed=5),
    "photo of checked paper": lambda mask: on_paper(mask, rule=44, checked=True, light=0.3, noise=2, seed=6),
    "photo of faint ink in the shade": lambda mask: on_paper(mask, strength=0.45, light=0.75, noise=1.5, seed=1),
    "paper lying on a table": lambda mask: ImageOps.expand(on_paper(mask, light=0.2, seed=3), 40, (52, 40, 33)),
    "faint chalk": lambda mask: on_paper(mask, strength=0.4, light=0.3, noise=2).point(lambda v: 60 + (255 - v) // 2),
    "chalk": lambda mask: on_paper(mask, light=0.3, noise=3).point(lambda v: 255 - v),
}


@pytest.mark.parametrize("digit", [4, 8])  # open, and with loops
@pytest.mark.parametrize("name", RENDERINGS)
def test_the_same_strokes_give_the_same_image_however_rendered(name, digit):
    mask = stroke_mask(digit, size=400, pen=20, fill=0.6)
    plain = prepare_ink(mask.point(lambda v: 255 - v))
    tolerance = 0.25 if "lined" in name or "checked" in name else 0.15  # where a stroke lies on a rule, some is lost
    assert distance(plain, prepare_ink(RENDERINGS[name](mask))) < tolerance


@pytest.mark.parametrize("digit", DIGITS)
def test_place_and_size_do_not_matter(digit):
    plain = prepare_ink(draw_digit(digit, size=300, pen=18, fill=0.6))
    corner = prepare_ink(draw_digit(digit, size=300, pen=18, fill=0.6, middle=(0.35, 0.36)))
    small = prepare_ink(draw_digit(digit, size=(800, 600), pen=4.5, fill=0.075, middle=(0.9, 0.1)))
    large = prepare_ink(draw_digit(digit, size=1500, pen=90, fill=0.6))
    coarse = prepare_ink(draw_digit(digit, size=60, pen=3.6, fill=0.6))
    assert distance(plain, corner) < 0.1
    assert distance(plain, small) < 0.4  # 45 pixels high; one column wider or narrower is 0.33 away
    assert distance(plain, large) < 0.25
    assert distance(plain, coarse) < 0.25


@pytest.mark.parametrize("digit", DIGITS)
def test_a_frame_or_a_fine_grid_around_the_digit_is_left_out(digit):
    mask = stroke_mask(digit, size=300, pen=12)
    plain = prepare_ink(mask)
    framed = mask.point(lambda v: 255 - v)
    ImageDraw.Draw(framed).rectangle((2, 2, 297, 297), outline=0, width=2)
    assert distance(plain, prepare_ink(framed)) < 0.05
    grid = np.full((300, 300), 255, np.uint8)
    grid[::20] = grid[:, ::20] = 200
    assert distance(plain, prepare_ink(Image.fromarray(np.minimum(grid, 255 - np.asarray(mask))))) < 0.3


def test_specks_are_left_out_and_parts_kept():
    plain = draw_digit(5, 2, size=300, pen=18)
    dusty = plain.copy()
    for spot in ((10, 20), (280, 15), (40, 290), (150, 8)):
        dusty.paste(0, (*spot, spot[0] + 3, spot[1] + 3))
    assert np.array_equal(prepare_ink(dusty), prepare_ink(plain))
    broken = np.array(plain)
    broken[100:108] = 255  # the bar on top is no longer joined
    assert distance(prepare_ink(plain), prepare_ink(Image.fromarray(broken))) < 0.35
    dashed = np.array(plain)
    dashed[np.arange(300) % 30 < 6] = 255
    assert extent(prepare_ink(Image.fromarray(dashed))) == 20
    assert distance(prepare_ink(plain), prepare_ink(Image.fromarray(dashed))) < 0.5


@pytest.mark.parametrize(("pen", "size"), [(1, 280), (2, 280), (2, 1600), (5, 1600)])
def test_thin_pens_are_thickened(pen, size):
    field = prepare_ink(draw_digit(3, size=size, pen=pen))
    assert 15 < field.mean() < 55  # 1 % to 99 % of MNIST: 12 to 65
    assert field.max() > 200
    assert distance(prepare_ink(draw_digit(3, size=size, pen=size / 12)), field) < 0.7


def test_stroke_width_is_in_pixels_and_evened():
    bar = np.zeros((160, 60), dtype=bool)
    for width in (6, 20, 50):
        bar[:] = False
        bar[:, 5 : 5 + width] = True
        assert stroke_width(bar) == pytest.approx(width, rel=0.2)
    bar[:] = False
    bar[:, 20:26] = True
    assert stroke_width(even_thickness(bar, 20)) / 8 == pytest.approx(THINNEST, rel=0.15)


def test_very_thick_strokes_are_slimmed_but_not_lost():
    ink = ink_map(flat_colours(draw_digit(3, pen=60)))
    solid = enlarge(ink, parts_of(ink).strokes(), 20)
    slim = even_thickness(solid, 20)
    assert slim.any() and stroke_width(slim) < stroke_width(solid)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_what_has_the_form_already_passes_unchanged(mode, inverted):
    for digit in DIGITS:
        field = prepare_ink(draw_digit(digit, pen=24))
        again = Image.fromarray(255 - field[0] if inverted else field[0]).convert(mode)
        assert np.array_equal(prepare_ink(again), field)


def test_a_thin_pen_in_a_small_picture_is_thickened_however_well_it_is_placed():
    for digit in (0, *range(2, 10)):  # a straight line has no thickness to compare with
        drawn = np.asarray(draw_digit(digit, size=28, pen=1.5, fill=0.64)) < 170
        rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
        cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        placed = centre(cut.astype(np.uint8) * 255, 28)  # as MNIST places them, black and white alone
        assert max(cut.shape) in (19, 20), "else it is not taken for one of MNIST's in any case"
        assert np.count_nonzero(prepare_ink(Image.fromarray(placed))) > 1.2 * np.count_nonzero(placed), digit


def test_exported_test_images_are_exact(data_folder):
    images = open_images(DATASETS.parse("mnist"), data_folder).test_pixels.numpy().reshape(-1, 28, 28)
    assert sum(not np.array_equal(prepare_ink(Image.fromarray(image))[0], image) for image in images) == 0


BLANKS = {
    "white": Image.new("L", (280, 280), 255),
    "black": Image.new("RGB", (28, 28)),
    "green": Image.new("RGB", (300, 200), "green"),
    "clear": Image.new("RGBA", (280, 280)),
    "clear white": Image.new("LA", (280, 280), (255, 0)),
    "one pixel": Image.new("L", (1, 1), 9),
    "a row": Image.fromarray(np.arange(200, dtype=np.uint8)[None]),
    "gradient": Image.linear_gradient("L"),
    "vignette": Image.radial_gradient("L"),
    "noise": Image.fromarray(np.random.default_rng(0).integers(230, 255, (280, 280), np.uint8)),
    "strong noise": Image.fromarray(np.random.default_rng(0).integers(0, 255, (280, 280), np.uint8)),
    "paper": on_paper(Image.new("L", (640, 480)), light=0.5, noise=4, seed=6),
    "checked paper": on_paper(Image.new("L", (640, 480)), light=0.2, rule=54, checked=True, seed=8),
    "a speck": Image.fromarray(np.where(np.arange(280 * 280) == 40_000, 0, 255).astype(np.uint8).reshape(280, 280)),
}


@pytest.mark.parametrize("prepare", [prepare_ink, prepare_optdigits])
@pytest.mark.parametrize("name", BLANKS)
def test_blank_pictures_are_refused_in_one_sentence(name, prepare):
    with pytest.raises(NothingDrawn, match=r"^Nothing is drawn .*\.$"):
        prepare(BLANKS[name])


def test_any_picture_gives_an_image_or_nothing_drawn():
    random = np.random.default_rng(7)
    for turn in range(60):
        height, width, channels = random.integers(1, 90), random.integers(1, 90), turn % 4 + 1
        values = random.integers(0, 256, (height, width, channels), np.uint8)
        if turn % 3:
            values = np.where(values > random.integers(0, 256), 255, 0).astype(np.uint8)
        image = Image.fromarray(values[..., 0] if channels == 1 else values)
        for prepare, side in ((prepare_ink, 28), (prepare_optdigits, 8)):
            try:
                field = prepare(image)
            except NothingDrawn:
                continue
            assert field.shape == (1, side, side) and field.dtype == np.uint8 and field.flags.writeable


class TestOptdigits:
    """The form of scikit-learn's digits."""

    @pytest.mark.parametrize("digit", DIGITS)
    def test_eight_high_and_as_much_ink_as_there(self, digit):
        field = prepare_optdigits(draw_digit(digit, pen=16))
        assert field.shape == (1, 8, 8) and field[0, 0].any() and field[0, 7].any()
        assert field.sum() / 255 == pytest.approx(18.5, abs=2.5)

    def test_its_own_images_pass_unchanged(self):
        from sklearn.datasets import load_digits

        for image in load_digits().images[:300]:
            levels = (image * 255 / 16).round().astype(np.uint8)
            assert np.array_equal(prepare_optdigits(Image.fromarray(levels))[0], levels)

    def test_a_plain_reader_of_those_digits_reads_drawings(self):
        from sklearn.datasets import load_digits
        from sklearn.neighbors import KNeighborsClassifier

        bundle = load_digits()
        reader = KNeighborsClassifier(3).fit(bundle.data * 255 / 16, bundle.target)
        drawn = [(digit, draw_digit(digit, style, pen=20)) for digit in DIGITS for style in range(4)]
        read = reader.predict([prepare_optdigits(image).ravel() for _, image in drawn])
        assert np.mean(read == [digit for digit, _ in drawn]) >= 0.8
