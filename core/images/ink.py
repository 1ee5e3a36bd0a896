"""Bring a picture of one handwritten figure into the form of MNIST.

MNIST's own recipe (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist): the ink's bounding box scaled to fit 20 x 20
keeping its aspect, antialiased, and placed so that its centre of mass is in the centre of a 28 x 28 field. Measured on the
test images: the longer side is 20 in 9,997 of 10,000 and 19 in the others; the centre of mass lies within half a pixel of
(14, 14), counted from pixel 0.
"""

import numpy as np
from PIL import Image

from core.errors import NothingDrawn
from core.images.inkmap import found_in
from core.images.paper import BLANK

FINE = 8  # working pixels for each pixel of the box, so that strokes can be thickened by fractions of a pixel
# Stroke widths in pixels of a 20 box; in MNIST 2.0 to 4.2 (5 to 95 %), quartiles 2.4 and 3.3. Without them 2 px pens on a
# 280 px canvas are read 94.5 % right, with them 99.8 %.
THINNEST, THICKEST = 2.6, 4.0


def prepare_ink(image: Image.Image, *, size: int = 28, box: int = 20) -> np.ndarray:
    """uint8 (1, size, size), white ink (255) on black (0), from any picture of one figure; NothingDrawn if there is none."""
    ready = _already_prepared(image, size, box)
    if ready is not None:
        return ready
    ink, parts = found_in(image)
    fine = enlarge(ink, parts.strokes(), box)
    fine = even_thickness(fine, box)
    return centre(fit(fine, box), size)[None]


def ink_steps(image: Image.Image, *, box: int = 20) -> list[tuple[str, np.ndarray]]:
    """What `prepare_ink` does on its way, in words and as uint8 (h, w, 1). Raises NothingDrawn."""
    ink, parts = found_in(image)
    fine = enlarge(ink, parts.strokes(), box)
    return [
        ("ink found", _shown(ink)),
        ("cut out", _shown(fine)),
        ("strokes of one width", _shown(even_thickness(fine, box))),
    ]


def _shown(values: np.ndarray) -> np.ndarray:
    """(h, w) of bool or of any numbers from 0 on -> uint8 (h, w, 1), the largest white, at most 140 pixels a side."""
    levels = values.astype(np.float32) / max(float(values.max()), 1e-9) * 255
    picture = Image.fromarray(levels.astype(np.uint8))
    picture.thumbnail((140, 140))
    return np.asarray(picture)[:, :, None]


def enlarge(ink: np.ndarray, strokes: np.ndarray, box: int) -> np.ndarray:
    """bool (h, w): the strokes cut out and resampled so that the longer side is box * FINE. Raises NothingDrawn."""
    rows, columns = np.flatnonzero(strokes.any(1)), np.flatnonzero(strokes.any(0))
    cut = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    figure = np.where(strokes, ink, 0)[cut].astype(np.float32)
    height, width = figure.shape
    scale = box * FINE / max(height, width)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = np.asarray(Image.fromarray(figure).resize(shape, Image.Resampling.BICUBIC))
    solid = smooth > 0.45
    if scale < 1:  # hair lines fade when made smaller: keep what the strokes themselves cover
        solid |= np.asarray(Image.fromarray(strokes[cut].astype(np.float32)).resize(shape, Image.Resampling.BOX)) > 0.3
    if not solid.any():
        raise NothingDrawn(BLANK)
    return solid


def stroke_width(solid: np.ndarray) -> float:
    """Mean stroke width in pixels of a bool (h, w) figure: across a stroke, depth averages a quarter of its width."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(solid, 1))
    return 4 * float(depth[depth > 0].mean()) - 1


def even_thickness(solid: np.ndarray, box: int) -> np.ndarray:
    """bool (h', w'): very thin strokes thickened to THINNEST, very thick ones slimmed towards THICKEST."""
    from scipy import ndimage

    unit = FINE * box / 20
    width = stroke_width(solid) / unit
    if width < THINNEST:
        grow = (THINNEST - width) * unit / 2
        room = int(np.ceil(grow)) + 1
        return ndimage.distance_transform_edt(~np.pad(solid, room)) <= grow
    if width > THICKEST:
        shrink = (width - THICKEST) * unit / 2
        return ndimage.distance_transform_edt(np.pad(solid, 1)) > shrink
    return solid


def fit(solid: np.ndarray, box: int) -> np.ndarray:
    """uint8 (h, w), longer side exactly `box`: the figure's bounding box, antialiased by averaging."""
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    cut = solid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = cut.shape
    scale = box / max(height, width)
    return resized(cut, max(1, round(height * scale)), max(1, round(width * scale)))


def resized(solid: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 (height, width), 0 to 255: how much of each new pixel the bool figure covers."""
    return np.asarray(Image.fromarray(solid.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BOX))


def centre(figure: np.ndarray, size: int) -> np.ndarray:
    """uint8 (size, size): the (h, w) figure placed with its centre of mass nearest to (size / 2, size / 2), as in MNIST."""
    height, width = figure.shape
    mass = figure.sum(dtype=np.float64)
    row = (figure.sum(1) @ np.arange(height)) / mass
    column = (figure.sum(0) @ np.arange(width)) / mass
    top = min(max(round(size / 2 - row), 0), size - height)
    left = min(max(round(size / 2 - column), 0), size - width)
    field = np.zeros((size, size), dtype=np.uint8)
    field[top : top + height, left : left + width] = figure
    return field


def _is_pen(field: np.ndarray, box: int) -> bool:
    """Whether it is the thin line of a program's pen without any grey; 24 of MNIST's have none, all with thick strokes."""
    return set(np.unique(field)) <= {0, 255} and stroke_width(field > 0) * 20 / box <= THICKEST


def _already_prepared(image: Image.Image, size: int, box: int) -> np.ndarray | None:
    """The picture's own pixels if it meets the recipe already (also as black on white), so exported test images stay exact."""
    if image.size != (size, size):
        return None
    if image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        return None
    grey = np.asarray(image.convert("L"))
    for field in (grey, 255 - grey):
        rows, columns = np.flatnonzero(field.any(1)), np.flatnonzero(field.any(0))
        if rows.size == 0 or not box - 1 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= box:
            continue
        mass = field.sum(dtype=np.float64)
        row, column = field.sum(1) @ np.arange(size) / mass, field.sum(0) @ np.arange(size) / mass
        if max(abs(row - size / 2), abs(column - size / 2)) <= 0.75 and not _is_pen(field, box):
            return field[None].copy()
    return None
