"""Is there one figure on the page, neither more of them nor only a dot of the pen?"""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.errors import ImageError
from core.images.ink import enlarge, stroke_width
from core.images.inkmap import Parts, found_in

SMALL = 0.1  # of the picture's longer side: no figure drawn so small is read
ENOUGH = 0.3  # nothing so large is called little
BLOT = 2.0  # times the stroke's width: a dot is 1.5 wide, the fattest of 2,000 MNIST digits 2.2
LARGE = 0.3  # of the read figure's longer side and ink: what is smaller beside it is a dot, a bar or a blot
TALL = 0.6  # of the height of both: a part of a broken figure is lower, or lies over the rest


def is_crowded(image: Image.Image) -> tuple[bool, bool]:
    """(is there another figure that is not read?, are two figures beside each other read as one?), for ink on paper.

    Of 10,000 MNIST test digits one is taken for two, of 59 digits that strangers drew none; the three pictures of two digits
    beside those are seen, and of 400 pairs of test digits, touching to far apart, 371 (93 %; of those that do not touch, 95 %).
    """
    try:
        _, parts = found_in(image)
    except ImageError:
        return False, False
    return _left_out(parts), _joined(parts)


def _left_out(parts: Parts) -> bool:
    sizes = (parts.boxes[:, 2:] - parts.boxes[:, :2]).max(1)
    large = (sizes >= LARGE * parts.side()) & (parts.areas >= LARGE * parts.areas[parts.chosen].sum())
    return bool((large & ~parts.chosen & (parts.edges == 0)).any())


def _joined(parts: Parts) -> bool:
    top, _, bottom, _ = parts.box()
    figure = parts.boxes[parts.chosen]
    tall = figure[(figure[:, 2] - figure[:, 0]) >= TALL * (bottom - top)]
    order = tall[np.argsort(tall[:, 1])]
    return bool((order[1:, 1] >= np.maximum.accumulate(order[:-1, 3])).any()) if len(order) > 1 else False


def is_little(image: Image.Image) -> bool:
    """Whether the ink on the page is a speck or a blot, without the form of any figure; False where there is none."""
    try:
        ink, parts = found_in(image)
        share = parts.side() / max(ink.shape)
        if not SMALL <= share < ENOUGH:
            return share < SMALL
        figure = enlarge(ink, parts.strokes(), 20)
    except ImageError:
        return False
    return max(figure.shape) < BLOT * stroke_width(figure)
