"""Drawn digits for tests: pen strokes in several handwritings, on clean canvases, see-through ones and photographed paper.

Every point is (x, y) with x to the right and y down, in a box one unit high; nothing here is taken from a dataset.
"""

import numpy as np
from PIL import Image, ImageDraw

# A stroke is a string of points "x,y ..."; "~" in front bends it smoothly through them, "-" joins them straight.
STROKES = {
    0: [
        ["~.35,0 .08,.2 .02,.5 .1,.82 .35,1 .6,.82 .68,.5 .6,.18 .35,0"],
        ["~.42,.02 .12,.15 0,.5 .15,.88 .5,1 .85,.85 1,.5 .86,.14 .5,0 .36,.03"],
        ["~.22,0 .05,.25 0,.5 .05,.8 .22,1 .38,.8 .42,.5 .37,.2 .22,0"],
        ["~.5,.06 .3,.02 .1,.22 .04,.55 .12,.86 .34,.98 .58,.84 .68,.5 .62,.2 .42,0"],
    ],
    1: [
        ["-.1,0 .1,1"],
        ["-0,.25 .3,0 .3,1"],
        ["-.02,.22 .25,0 .25,1", "-0,1 .5,1"],
        ["-.35,0 0,1"],
        ["~0,.2 .14,.12 .22,0", "-.22,0 .2,1"],
    ],
    2: [
        ["~.02,.22 .15,.04 .4,0 .6,.14 .58,.38 .35,.65 0,1", "-0,1 .7,1"],
        ["~.05,.2 .2,.02 .48,.02 .6,.22 .5,.5 .25,.8 .08,.97 .02,.86 .14,.78 .34,.9 .54,1 .72,.92"],
        ["-0,.1 .15,0 .5,0 .62,.12 .62,.32 0,1 .65,1"],
        ["~0,.18 .22,0 .5,.05 .56,.3 .3,.66 .02,.98 .3,.94 .66,.98"],
    ],
    3: [
        ["~.02,.14 .25,0 .52,.08 .54,.32 .25,.46 .56,.58 .62,.82 .36,1 0,.88"],
        ["-.02,0 .6,0 .25,.38", "~.25,.38 .52,.44 .64,.68 .5,.94 .25,1 0,.9"],
        ["~0,.08 .28,0 .5,.1 .5,.34 .22,.45 .24,.47 .56,.58 .58,.86 .3,1 .02,.94"],
        ["~.06,.2 .2,.02 .5,.02 .6,.24 .3,.48 .62,.7 .52,.96 .2,1 0,.84"],
    ],
    4: [
        ["-.45,0 0,.66 .7,.66", "-.5,.3 .5,1"],
        ["-.05,0 0,.5 .6,.5", "-.6,.02 .55,1"],
        ["-.5,0 0,.68 .72,.68", "-.5,0 .5,1"],
        ["~.1,0 .02,.3 .08,.5 .3,.52 .55,.45", "~.58,0 .56,.4 .5,1"],
        ["-.25,0 0,.55 .65,.5", "-.45,.28 .38,1"],
    ],
    5: [
        ["-.6,0 .1,0 .05,.42", "~.05,.42 .3,.36 .58,.5 .6,.78 .38,.98 0,.92"],
        ["-.1,.05 .08,.45", "~.08,.45 .36,.4 .6,.6 .52,.9 .25,1 0,.9", "-.12,.03 .62,0"],
        ["~.62,.02 .35,.03 .15,.05 .1,.2 .08,.42 .35,.42 .56,.6 .52,.88 .28,1 .02,.94"],
        ["-.6,0 .08,.02 .05,.46 .5,.46 .58,.56 .58,.88 .48,1 0,1"],
    ],
    6: [
        ["~.5,0 .22,.2 .04,.55 .08,.86 .32,1 .55,.86 .55,.62 .34,.52 .1,.64 .05,.74"],
        ["~.3,0 .1,.3 .02,.65 .14,.95 .42,.98 .56,.76 .42,.58 .2,.62 .06,.78"],
        ["~.58,.06 .4,0 .16,.16 .02,.5 .04,.82 .28,1 .52,.9 .58,.68 .4,.52 .16,.58 .04,.74"],
        ["-.25,0 .05,.6", "~.05,.6 .02,.85 .25,1 .5,.9 .52,.68 .3,.58 .06,.7"],
    ],
    7: [
        ["-0,0 .62,0 .22,1"],
        ["-0,.02 .62,0 .25,1", "-.16,.5 .58,.48"],
        ["~0,.06 .2,.02 .4,.04 .6,0", "~.6,0 .42,.4 .3,.7 .26,1"],
        ["-0,.16 .02,0 .6,0", "~.6,0 .4,.4 .28,1", "-.14,.48 .56,.5"],
        ["-0,.05 .55,0 .5,.95"],
    ],
    8: [
        ["~.55,.14 .34,0 .1,.1 .1,.3 .34,.47 .58,.66 .56,.9 .3,1 .05,.9 .06,.66 .32,.46 .56,.28 .54,.12"],
        ["~.3,0 .08,.12 .1,.36 .3,.46 .5,.36 .52,.12 .3,0", "~.3,.46 .03,.6 .02,.86 .3,1 .58,.86 .57,.6 .3,.46"],
        ["~.62,.05 .36,0 .14,.16 .28,.4 .48,.62 .44,.9 .2,1 .02,.86 .12,.62 .4,.4 .6,.2 .64,.06"],
        ["~.28,.02 .1,.14 .12,.34 .27,.44 .44,.34 .46,.14 .28,.02", "~.27,.44 .1,.58 .06,.84 .27,1 .5,.84 .46,.58 .27,.44"],
    ],
    9: [
        ["~.54,.16 .34,0 .1,.1 .04,.34 .22,.5 .46,.4 .55,.16", "~.55,.14 .55,.5 .52,1"],
        ["~.55,.12 .3,0 .05,.16 .06,.4 .3,.5 .54,.34 .57,.12", "~.57,.12 .6,.55 .48,.9 .25,1 .06,.9"],
        ["~.5,.2 .36,.02 .12,.06 .02,.3 .16,.46 .38,.4 .52,.18", "-.54,.06 .3,1"],
        ["~.5,.08 .25,0 .02,.2 .1,.44 .36,.44 .52,.1 .5,.3 .42,.7 .36,1"],
    ],
}  # fmt: skip

GRAIN = 1200  # pixels: the noise of a larger photo repeats itself, since chance is dear


def styles(digit: int) -> int:
    """How many handwritings of `digit` there are."""
    return len(STROKES[digit])


def draw_digit(
    digit: int,
    style: int = 0,
    *,
    size: int | tuple[int, int] = 280,
    pen: float = 20,
    fill: float = 0.7,
    middle: tuple[float, float] = (0.5, 0.5),
    slant: float = 0.0,
    turn: float = 0.0,
    widen: float = 1.0,
    wobble: float = 0.0,
    ink: int | tuple[int, int, int] = 0,
    paper: int | tuple[int, int, int] = 255,
    gap: float = 0.0,
    seed: int = 0,
) -> Image.Image:
    """The digit as strokes of a round pen, antialiased: mode L for grey `ink` and `paper`, RGB for colours.

    `size` is the side (or width, height) and `pen` the stroke width, in pixels; `fill` the digit's height as a share of the
    shorter side; `middle` where its middle is, as shares; `slant` shear, `turn` degrees, `widen` times wider, `wobble`
    random movement of the points as a share of the height, `gap` the share of each stroke left out at its end.
    """
    mask = stroke_mask(digit, style, size=size, pen=pen, fill=fill, middle=middle, slant=slant, turn=turn, widen=widen,
                       wobble=wobble, gap=gap, seed=seed)  # fmt: skip
    mode = "L" if isinstance(ink, int) and isinstance(paper, int) else "RGB"
    return Image.composite(Image.new(mode, mask.size, ink), Image.new(mode, mask.size, paper), mask)


def stroke_mask(digit: int, style: int = 0, *, size=280, pen=20.0, fill=0.7, middle=(0.5, 0.5), slant=0.0, turn=0.0,
                widen=1.0, wobble=0.0, gap=0.0, seed=0) -> Image.Image:  # fmt: skip
    """Mode L picture: 255 where the pen went, 0 elsewhere. The options are those of `draw_digit`."""
    random = np.random.default_rng(seed)
    width, height = (size, size) if isinstance(size, int) else size
    paths = [path_of(text, wobble, random) for text in STROKES[digit][style % styles(digit)]]
    paths = [path[: max(2, round(len(path) * (1 - gap)))] for path in paths]
    points = np.concatenate(paths)
    offset = (points.min(0) + points.max(0)) / 2
    angle = np.deg2rad(turn)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bent = turned @ np.array([[widen, -slant], [0, 1]])  # (2, 2)
    fine = 4 if max(width, height) <= 800 else 2 if max(width, height) <= 1600 else 1
    mask = Image.new("L", (width * fine, height * fine))
    draw = ImageDraw.Draw(mask)
    half = pen * fine / 2
    for path in paths:
        spots = (path - offset) @ bent.T * fill * min(width, height) + np.array(middle) * (width, height)
        spots = [tuple(spot) for spot in spots * fine]
        draw.line(spots, fill=255, width=max(1, round(half * 2)))
        for x, y in spots:
            draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return mask.reduce(fine) if fine > 1 else mask


def path_of(text: str, wobble: float, random: np.random.Generator) -> np.ndarray:
    """(n, 2) points along a stroke: straight pieces, or a Catmull-Rom spline through the given points."""
    knots = np.array([[float(number) for number in pair.split(",")] for pair in text[1:].split()])
    knots = knots + random.normal(0, wobble, knots.shape) if wobble else knots
    steps = np.linspace(0, 1, 24, endpoint=False)[:, None]
    pieces = []
    for index in range(len(knots) - 1):
        a, b = knots[index], knots[index + 1]
        if text[0] == "-":
            pieces.append(a + (b - a) * steps)
            continue
        before = knots[index - 1] if index else a
        after = knots[index + 2] if index + 2 < len(knots) else b
        pieces.append(0.5 * (2 * a + (b - before) * steps + (2 * before - 5 * a + 4 * b - after) * steps**2
                             + (3 * a - before - 3 * b + after) * steps**3))  # fmt: skip
    return np.concatenate([*pieces, knots[-1:]])


def see_through(
    mask: Image.Image, ink: tuple[int, int, int] = (0, 0, 0), hidden: tuple[int, int, int] = (0, 0, 0)
) -> Image.Image:
    """RGBA: strokes of `mask` in `ink` on nothing; `hidden` is the colour stored under the clear pixels."""
    picture = Image.composite(
        Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, hidden), mask.point(lambda v: 255 * (v > 0))
    )
    picture.putalpha(mask)
    return picture


def on_paper(
    mask: Image.Image,
    *,
    ink: tuple[int, int, int] = (40, 40, 60),
    strength: float = 0.9,
    light: float = 0.5,
    noise: float = 4.0,
    rule: int = 0,
    checked: bool = False,
    table: float = 0.0,
    seed: int = 0,
) -> Image.Image:
    """RGB "photo" of the strokes on paper: light falling off to 1 - `light`, sensor noise (steps of 255), rules every `rule`
    pixels, and a dark table showing along one side for `table` of the width."""
    random = np.random.default_rng(seed)
    width, height = mask.size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(width, height)
    angle = random.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * (x - x.mean()) + np.sin(angle) * (y - y.mean())
    shade = 1 - light * (slope - slope.min()) / max(float(np.ptp(slope)), 1e-6)
    edge = random.uniform(0.2, 0.8)
    shade *= 1 - 0.4 * light / (
        1 + np.exp(np.clip((x + 0.3 * y - edge) * random.choice([-60, 60]), -50, 50))
    )  # a hand's shadow
    page = np.ones((height, width, 3), np.float32) * np.float32([238, 236, 228])
    if rule:
        thick = max(1, rule // 24)
        page[(np.arange(height) + rule // 3) % rule < thick] = (150, 175, 215)
        if checked:
            page[:, (np.arange(width) + rule // 2) % rule < thick] = (150, 175, 215)
    cover = np.asarray(mask, np.float32)[..., None] / 255 * strength
    picture = (page * (1 - cover) + np.float32(ink) * cover) * shade[..., None]
    if table:
        off = x * max(width, height) / width < table - 0.05 * y
        picture[off] = np.float32([70, 50, 38]) * shade[off][:, None]
    grain = (min(height, GRAIN), min(width, GRAIN))
    picture += tiled(random.normal(0, noise, (*grain, 3)) + random.normal(0, noise, (*grain, 1)), height, width)
    return Image.fromarray(picture.clip(0, 255, out=picture).astype(np.uint8))


def tiled(piece: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture of that size made of such pieces."""
    times = (-(-height // piece.shape[0]), -(-width // piece.shape[1]), 1)
    return np.tile(piece.astype(np.float32), times)[:height, :width]
