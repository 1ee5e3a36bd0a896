"""Find the ink in any picture of writing: canvas drawings, transparent exports, photos of paper with uneven light.

Three stages, each usable alone so that a page can show them: `flat_colours` (transparency gone, working size),
`ink_map` (how much each pixel is ink, 0 to 1, whatever the polarity and light) and `parts_of` (which of it is the figure).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from core.errors import NothingDrawn
from core.images.paper import BLANK, photo_map
from core.images.rules import without_rules

WORK_SIDE = 560  # pixels; longer side while ink is looked for: a 1.5 px pen in 1600 px still shows, and it takes 40 ms
SMALLEST = 0.025  # of the longer side; what is smaller is dust, or where the lines of checked paper cross


def flat_colours(image: Image.Image) -> np.ndarray:
    """float32 (H, W, 3), 0 to 255, longer side at most WORK_SIDE, transparency filled with what lets the strokes stand out."""
    is_clear = image.has_transparency_data
    pixels = image.convert("RGBA" if is_clear else "RGB")
    if (factor := -(-max(image.size) // WORK_SIDE)) > 1:
        pixels = pixels.reduce(factor)  # premultiplied: hidden colours do not bleed in
    colours = np.asarray(pixels, dtype=np.float32)
    return _without_alpha(colours) if is_clear else colours


def ink_map(colours: np.ndarray) -> np.ndarray:
    """float32 (H, W): 0 background, about 1 full ink, from (H, W, 3) colours. Raises NothingDrawn if nothing stands out."""
    if min(colours.shape[:2]) < 4:  # no room for a figure
        raise NothingDrawn(BLANK)
    page = _plain_page(colours)
    return photo_map(colours) if page is None else _distance_map(colours, page)


@dataclass(frozen=True)
class Parts:
    """What is connected in an ink map: n parts, and which of them make up the figure."""

    labels: np.ndarray  # (H, W) int, 0 is no part, part i has i + 1
    areas: np.ndarray  # (n,) pixels; 0 of what is too faint
    boxes: np.ndarray  # (n, 4) float: top, left, bottom, right
    edges: np.ndarray  # (n,) how many edges of the picture it touches
    chosen: np.ndarray  # (n,) bool

    def strokes(self) -> np.ndarray:
        """bool (H, W): the figure."""
        return np.isin(self.labels, 1 + np.flatnonzero(self.chosen))

    def box(self) -> np.ndarray:
        """(4,) of the figure."""
        figure = self.boxes[self.chosen]
        return np.r_[figure[:, :2].min(0), figure[:, 2:].max(0)]

    def side(self) -> float:
        """The longer one of that box, in pixels."""
        top, left, bottom, right = self.box()
        return max(bottom - top, right - left)


def found_in(image: Image.Image) -> tuple[np.ndarray, Parts]:
    """The ink map (H, W) of any picture and its parts, only to be read; remembered, since several networks and explanations ask
    about one picture. Raises NothingDrawn."""
    colours = flat_colours(image)
    return _found_in(colours.shape, colours.tobytes())


@lru_cache(maxsize=2)
def _found_in(shape: tuple[int, ...], data: bytes) -> tuple[np.ndarray, Parts]:
    ink = ink_map(np.frombuffer(data, np.float32).reshape(shape))
    ink.flags.writeable = False
    return ink, parts_of(ink)


def parts_of(ink: np.ndarray) -> Parts:
    """What is connected in the ink (H, W), and what of it is the figure: not specks, rules and what only borders the picture.

    Raises NothingDrawn.
    """
    from scipy import ndimage

    weak = without_rules(ink, ink > 0.3)  # hysteresis: faint ends of a stroke belong to it, faint things alone do not
    strong = weak & (ink > 0.5)
    labels, count = ndimage.label(weak, structure=np.ones((3, 3)))
    if count == 0:
        raise NothingDrawn(BLANK)
    index = np.arange(1, count + 1)
    keep = ndimage.maximum(strong, labels, index).astype(bool)
    areas = ndimage.sum_labels(weak, labels, index) * keep
    boxes = np.array([[s[0].start, s[1].start, s[0].stop, s[1].stop] for s in ndimage.find_objects(labels)], float)
    edges = np.hstack([boxes[:, :2] <= 1, boxes[:, 2:] >= np.array(ink.shape) - 1]).sum(1)
    down, across = np.gradient(ink)
    sharp = ndimage.sum_labels(down**2 + across**2, labels, index) * keep  # a shadow is large, but its edges are soft
    worth = sharp * np.where(edges > 0, 0.05, 1.0)  # table, fingers, shadows; a lone huge digit still wins
    main = int(np.argmax(worth))
    parts = Parts(labels, areas, boxes, edges, _belonging(boxes, areas, edges, main))
    if areas[main] < 6 or parts.side() < max(4, SMALLEST * max(ink.shape)):
        raise NothingDrawn(BLANK)
    return parts


def _belonging(tops: np.ndarray, areas: np.ndarray, edges: np.ndarray, main: int) -> np.ndarray:
    """bool (n,): the main part and, joined one after another, parts near it that are large enough to be strokes; of parts with
    boxes (n, 4)."""
    chosen = np.zeros(len(tops), dtype=bool)
    chosen[main] = True
    candidates = (areas >= 0.03 * areas[main]) & ((edges == 0) | (edges[main] > 0))
    while True:
        group = tops[chosen]
        box = np.r_[group[:, :2].min(0), group[:, 2:].max(0)]
        reach = 0.35 * max(box[2] - box[0], box[3] - box[1])
        gaps = np.maximum(np.maximum(tops[:, :2] - box[2:], box[:2] - tops[:, 2:]), 0).max(1)
        joined = candidates & ~chosen & (gaps <= reach)
        if not joined.any():
            return chosen
        chosen |= joined


def _without_alpha(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 4) -> (H, W, 3). Strokes on nothing get the opposite page; a card with clear margins gets its own colour there."""
    colours, alpha = pixels[..., :3], pixels[..., 3:] / 255
    visible = alpha[..., 0] > 0.5 * alpha.max()
    if alpha.max() < 0.02 or not visible.any():
        raise NothingDrawn(BLANK)
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    filled = visible.sum() / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
    greys = colours[visible] @ np.array([0.299, 0.587, 0.114], np.float32)
    low, middle, high = np.percentile(greys, [2, 50, 98])
    if filled > 0.75 and high - low > 60:  # a card: digits cover 20 to 50 % of their box, and a bar has one colour
        page = np.median(colours[visible], axis=0)
    else:
        alpha = alpha / alpha.max()
        page = np.full(3, 255 if middle < 128 else 0, np.float32)
    return colours * alpha + page * (1 - alpha)


def _plain_page(colours: np.ndarray) -> np.ndarray | None:
    """The one colour (3,) of a drawn page, or None for a photo: light that falls off leaves many pixels a little beside it."""
    pixels = colours.reshape(-1, 3)
    ring = max(1, min(colours.shape[:2]) // 50)
    border = np.concatenate(
        [part.reshape(-1, 3) for part in (colours[:ring], colours[-ring:], colours[:, :ring], colours[:, -ring:])]
    )
    for guess in (lambda: np.median(border, axis=0), lambda: _mode(pixels)):
        page = guess()
        red, green, blue = np.abs(pixels - page).T
        away = np.maximum(np.maximum(red, green), blue)  # ten times as fast as .max(1) over three numbers
        same, beside, beyond = (away <= 8).mean(), ((away > 8) & (away <= 24)).mean(), (away > 24).mean()
        if same >= 0.4 and beside <= 0.005 + 0.25 * beyond:  # edges of strokes are beside it, a few for each ink pixel
            return page
    return None


def _mode(pixels: np.ndarray) -> np.ndarray:
    """The most common colour (3,), to 8 steps a channel."""
    codes = (pixels.astype(np.int32) >> 3) @ np.array([1024, 32, 1], dtype=np.int32)
    code = np.bincount(codes).argmax()
    return np.median(pixels[codes == code], axis=0)


def _distance_map(colours: np.ndarray, background: np.ndarray) -> np.ndarray:
    """How far each colour is from the page, as a share of how far the ink is (its 90th percentile beyond the tolerance)."""
    red, green, blue = ((colours[..., channel] - background[channel]) ** 2 for channel in range(3))
    distance = np.sqrt(red + green + blue)
    beyond = distance[distance > 24]
    if beyond.size < 4:
        raise NothingDrawn(BLANK)
    return (distance / np.percentile(beyond, 90)).clip(0, 1)
