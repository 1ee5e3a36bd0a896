"""Bring a picture of one handwritten digit into the form of scikit-learn's load_digits (UCI Optical Recognition, Kaynak 1995).

There 32 x 32 bitmaps are counted in 4 x 4 blocks, 0..16, here scaled to 0..255. Measured on its 1,797 images: every digit is
8 high, 1,388 are 6 wide (narrower ones only in parts), and the ink of an image adds up to 19.5 full blocks, whatever the digit.
"""

import numpy as np
from PIL import Image

from core.images.ink import FINE, enlarge, resized
from core.images.inkmap import found_in

WIDEST = 22  # of 32, 5.5 blocks: wider digits are squeezed, which reads 3 to 8 % more of them than keeping their aspect
MASS = 18.5  # full blocks of ink aimed at: 17.5 and 19.5 read equally well


def prepare_optdigits(image: Image.Image) -> np.ndarray:
    """uint8 (1, 8, 8), white ink (255) on black (0), from any picture of one digit; NothingDrawn if there is none.

    An 8 x 8 picture, white on black, passes unchanged.
    """
    if image.size == (8, 8) and not image.has_transparency_data:
        grey = np.asarray(image.convert("L"))  # (8, 8) uint8
        if np.median(np.concatenate([grey[:, 0], grey[:, -1]])) < 128:
            return grey[None].copy()
    ink, parts = found_in(image)
    figure = with_mass(enlarge(ink, parts.strokes(), box=20))
    return _in_blocks(figure)[None]


def with_mass(solid: np.ndarray) -> np.ndarray:
    """bool (h, w): the figure thickened or slimmed until its ink, once fitted to 32 high, fills MASS blocks."""
    from scipy import ndimage

    room = 4 * FINE
    padded = np.pad(solid, room)
    depth = ndimage.distance_transform_edt(~padded) - ndimage.distance_transform_edt(padded)  # below 0 inside
    thinnest, thickest = 0.5 * float(depth.min()), float(room - 1)
    for _ in range(6):  # halving: to 1/64 of the range, half a working pixel
        middle = (thinnest + thickest) / 2
        if _fitted(depth <= middle).sum() / 255 / 16 > MASS:
            thickest = middle
        else:
            thinnest = middle
    return depth <= thinnest


def _fitted(solid: np.ndarray) -> np.ndarray:
    """uint8 (32, w): the figure's bounding box 32 high and at most WIDEST wide, antialiased."""
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    cut = solid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return resized(cut, 32, max(1, min(WIDEST, round(32 * cut.shape[1] / cut.shape[0]))))


def _in_blocks(solid: np.ndarray) -> np.ndarray:
    """uint8 (8, 8): the figure in the middle by its centre of mass, averaged over blocks of 4 x 4."""
    figure = _fitted(solid)
    width = figure.shape[1]
    middle = figure.sum(0) @ np.arange(width) / figure.sum(dtype=np.float64)
    left = min(max(round(15.5 - middle), 0), 32 - width)
    field = np.zeros((32, 32), dtype=np.uint8)
    field[:, left : left + width] = figure
    return np.asarray(Image.fromarray(field).reduce(4)).copy()
