"""Drawings of things that are no digit, for tests: what a child draws when asked to draw anything else."""

import numpy as np
from PIL import Image, ImageDraw

from tests.drawings import path_of

# strokes as in tests.drawings: "-" joins the points straight, "~" bends smoothly through them
DOODLES = {
    "house": ["-0,.45 .5,0 1,.45 1,1 0,1 0,.45 1,.45", "-.4,1 .4,.7 .6,.7 .6,1"],
    "star": ["-.5,0 .78,.95 .02,.36 .98,.36 .22,.95 .5,0"],
    "heart": ["~.5,.28 .25,.02 .02,.25 .2,.62 .5,1 .8,.62 .98,.25 .75,.02 .5,.28"],
    "smiley": ["~.5,0 .1,.15 0,.5 .15,.88 .5,1 .85,.88 1,.5 .9,.15 .5,0", "-.32,.3 .33,.4", "-.66,.3 .67,.4", "~.25,.62 .5,.8 .75,.62"],
    "tree": ["-.5,1 .5,.55", "~.5,.55 .1,.5 .12,.15 .5,0 .88,.15 .9,.5 .5,.55"],
    "arrow": ["-0,.5 1,.5", "-.65,.2 1,.5 .65,.8"],
    "cross": ["-0,0 1,1", "-1,0 0,1"],
    "plus": ["-.5,0 .5,1", "-0,.5 1,.5"],
    "hash": ["-.33,0 .28,1", "-.72,0 .66,1", "-0,.33 1,.33", "-0,.66 1,.66"],
    "spiral": ["~.5,.5 .6,.45 .62,.6 .45,.66 .34,.5 .45,.3 .7,.3 .82,.55 .65,.85 .35,.86 .14,.6 .2,.25 .5,.05 .85,.12 1,.45"],
    "zigzag": ["-0,.5 .15,0 .3,1 .45,0 .6,1 .75,0 .9,1"],
    "waves": ["~0,.3 .15,.1 .3,.3 .45,.5 .6,.3 .75,.1 .9,.3", "~0,.7 .15,.5 .3,.7 .45,.9 .6,.7 .75,.5 .9,.7"],
    "cloud": ["~.15,.8 0,.6 .15,.42 .3,.2 .55,.15 .72,.35 .95,.4 1,.65 .85,.8 .15,.8"],
    "car": ["-0,.7 0,.45 .2,.42 .32,.18 .7,.18 .82,.42 1,.45 1,.7 0,.7", "~.2,.7 .12,.8 .2,.9 .3,.8 .2,.7", "~.78,.7 .7,.8 .78,.9 .88,.8 .78,.7"],
    "fish": ["~0,.5 .3,.2 .65,.35 1,.8", "~0,.5 .3,.8 .65,.65 1,.2", "-1,.2 1,.8"],
    "flower": ["~.5,.4 .35,.15 .5,.02 .65,.15 .5,.4 .8,.25 .92,.4 .8,.55 .5,.4 .65,.65 .5,.78 .35,.65 .5,.4 .2,.55 .08,.4 .2,.25 .5,.4", "-.5,.7 .5,1"],
    "letter A": ["-0,1 .5,0 1,1", "-.2,.62 .8,.62"],
    "letter E": ["-.8,0 .1,0 .1,1 .8,1", "-.1,.5 .65,.5"],
    "letter H": ["-.1,0 .1,1", "-.9,0 .9,1", "-.1,.5 .9,.5"],
    "letter K": ["-.1,0 .1,1", "-.85,0 .1,.55 .9,1"],
    "letter M": ["-0,1 .1,0 .5,.7 .9,0 1,1"],
    "letter R": ["-.1,1 .1,0", "~.1,0 .6,.02 .75,.25 .55,.48 .1,.5", "-.4,.5 .85,1"],
    "letter W": ["-0,0 .25,1 .5,.35 .75,1 1,0"],
    "grid": ["-0,0 1,0 1,1 0,1 0,0", "-.33,0 .33,1", "-.66,0 .66,1", "-0,.33 1,.33", "-0,.66 1,.66"],
    "square": ["-0,0 1,0 1,1 0,1 0,0"],
    "triangle": ["-.5,0 1,1 0,1 .5,0"],
    "scribble": ["~.1,.2 .9,.1 .2,.4 .95,.35 .1,.6 .9,.6 .15,.8 .9,.85 .3,.98 .6,.1 .4,.9 .75,.2"],
    "dots": ["-.1,.1 .12,.1", "-.5,.1 .52,.1", "-.9,.1 .92,.1", "-.1,.5 .12,.5", "-.5,.5 .52,.5", "-.9,.5 .92,.5", "-.3,.9 .32,.9", "-.7,.9 .72,.9"],
    "person": ["~.5,0 .38,.1 .5,.22 .62,.1 .5,0", "-.5,.22 .5,.65", "-.15,.4 .85,.4", "-.2,1 .5,.65 .8,1"],
    "umbrella": ["~0,.5 .2,.12 .5,0 .8,.12 1,.5", "-0,.5 1,.5", "~.5,.5 .5,.9 .38,1 .28,.9"],
}  # fmt: skip


def draw_doodle(name: str, seed: int = 0, size: int = 280, pen: float = 20.0) -> Image.Image:
    """Dark on white, a little different for each seed. Mode L."""
    random = np.random.default_rng(seed)
    fill, turn = random.uniform(0.5, 0.75), np.deg2rad(random.uniform(-8, 8))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    paths = [path_of(text, 0.015, random) for text in DOODLES[name]]
    points = np.concatenate(paths)
    middle = (points.min(0) + points.max(0)) / 2
    picture = Image.new("L", (size * 2, size * 2), 255)
    draw = ImageDraw.Draw(picture)
    half = pen * random.uniform(0.7, 1.3)
    for path in paths:
        spots = [tuple(spot) for spot in ((path - middle) @ turned.T * fill * size + size / 2) * 2]
        draw.line(spots, fill=0, width=max(1, round(half)))
        for x, y in spots:
            draw.ellipse((x - half / 2, y - half / 2, x + half / 2, y + half / 2), fill=0)
    return picture.reduce(2)
