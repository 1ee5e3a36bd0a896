"""Is what was drawn enough to be read, or a dot of the pen?"""

from __future__ import annotations

from PIL import Image

from core.errors import ImageError
from core.images.ink import enlarge, stroke_width
from core.images.inkmap import found_in

SMALL = 0.1  # of the picture's longer side: no figure drawn so small is read
LARGE = 0.3  # nothing so large is called little
BLOT = 2.0  # times the stroke's width: a dot is 1.5 wide, the fattest of 2,000 MNIST digits 2.2


def is_little(image: Image.Image) -> bool:
    """Whether the ink on the page is a speck or a blot, without the form of any figure; False where there is none."""
    try:
        ink, parts = found_in(image)
        top, left, bottom, right = parts.box()
        share = max(bottom - top, right - left) / max(ink.shape)
        if not SMALL <= share < LARGE:
            return share < SMALL
        figure = enlarge(ink, parts.strokes(), 20)
    except ImageError:
        return False
    return max(figure.shape) < BLOT * stroke_width(figure)
