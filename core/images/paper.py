"""Ink in a photo of paper or of a board: uneven light divided out, the table beside the page left aside."""

import numpy as np
from PIL import Image

from core.errors import NothingDrawn

BLANK = "Nothing is drawn in this picture; draw one figure with strokes that stand out from the background."
FAINTEST = 0.08  # contrast of the faintest ink looked for, as a share of the page; pencil has 0.2 and more
SOFTEST = 0.1  # of full ink for each pixel; edges of strokes have 0.14 even out of focus, shadows 0.03 to 0.06
INK_SHARE = 99.85  # percentile that is surely ink: a 2 px pen writing 60 px high in 560 x 420 covers 0.2 %
PAGE_SIDE = 128  # pixels; longer side of the copy in which the page is estimated: 60 times fewer pixels to search
WINDOWS = (
    1 / 16,
    1 / 8,
    1 / 3,
)  # of the shorter side: what is narrower can be a stroke, what is wider is page or shadow
JUMP = 1.7  # times brighter within 9 pixels of that copy: an edge of the page, not a shadow


def photo_map(colours: np.ndarray) -> np.ndarray:
    """float32 (H, W): 0 page, about 1 full ink, from a photo (H, W, 3). NothingDrawn if nothing stands out."""
    from scipy import ndimage

    grey = ndimage.gaussian_filter(colours @ np.array([0.299, 0.587, 0.114], np.float32), 0.8)
    small, outside = _without_table(_small(grey, PAGE_SIDE))
    beside = _enlarged(outside, grey.shape, Image.Resampling.NEAREST) > 0
    dark = _dark_ink(small)
    ink = _contrast(grey, small, beside, dark, WINDOWS[0])
    for window in WINDOWS[1:]:
        level = np.percentile(ink, INK_SHARE)
        wider = _contrast(grey, small, beside, dark, window)
        # broad strokes; a shadow is seldom as dark
        missed = (wider > 0.75 * max(level, FAINTEST)) & (ink < 0.4 * level)
        if missed.mean() > 0.1 * (ink > 0.5 * level).mean():
            ink = wider
    noise = 1.4826 * np.median(np.abs(ink[~beside]))
    level = np.percentile(ink, INK_SHARE)
    if level < max(FAINTEST, 5 * noise):
        raise NothingDrawn(BLANK)
    ink = (ink / level).clip(0, 1).astype(np.float32)
    steps = ndimage.gaussian_gradient_magnitude(ink, 1.5)[ndimage.binary_dilation(ink > 0.5)]
    if (steps > SOFTEST).sum() < 20:  # the outline of the smallest figure is longer
        raise NothingDrawn(BLANK)
    return ink


def _without_table(small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The small grey copy with what lies beside the page painted over, and bool (h, w): beside the page or at its edge.

    Beside the page is what is dark, reaches the border and ends in a sharp jump most of the way round.
    """
    from scipy import ndimage

    nowhere = np.zeros(small.shape, dtype=bool)
    if max(small.shape) < PAGE_SIDE // 2:  # in a tiny picture a jump would be the figure itself
        return small, nowhere
    window = max(3, min(small.shape) // 8) | 1
    page = ndimage.grey_closing(small, size=(window, window), mode="nearest")  # without dark strokes,
    page = ndimage.grey_opening(page, size=(window, window), mode="nearest")  # and without light ones
    labels, count = ndimage.label(page < 0.6 * np.percentile(page, 85))
    jumps = ndimage.maximum_filter(page, 5) > JUMP * ndimage.minimum_filter(page, 5) + 8
    table = nowhere.copy()
    for label in np.setdiff1d(np.r_[labels[0], labels[-1], labels[:, 0], labels[:, -1]], 0):
        part = labels == label
        rim = ndimage.binary_dilation(part, iterations=2) & ~part
        along = part[0].sum() + part[-1].sum() + part[:, 0].sum() + part[:, -1].sum()
        long = max(part.any(0).sum(), part.any(1).sum())  # a stroke may reach the border too, but does not run along it
        if rim.any() and jumps[rim].mean() > 0.6 and along > 0.6 * long:
            table |= part
    if not table.any() or table.mean() > 0.6:
        return small, nowhere
    outside = ndimage.binary_dilation(table, np.ones((3, 3)), iterations=3)
    if outside.mean() > 0.9:
        return small, nowhere
    nearest = ndimage.distance_transform_edt(outside, return_distances=False, return_indices=True)
    return page[tuple(nearest)] * outside + small * ~outside, outside


def _dark_ink(small: np.ndarray) -> bool:
    """Whether the ink is darker than the page."""
    from scipy import ndimage

    small = np.log(_small(small, 72) + 8)  # in log steps a shadow is as deep as it is on paper, whatever the light
    parted = _otsu(small)
    dark, light = small[small < parted], small[small >= parted]
    if dark.size and light.size and light.mean() - dark.mean() > 0.7:  # ink half as bright as the page, or darker
        border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]) < parted
        if not 0.1 < border.mean() < 0.9:  # broad strokes: the page is what lies all around
            return bool(border.mean() < 0.5)
    # Else the ink is what the median of the surroundings, which follows shadows, leaves out.
    window = max(3, min(small.shape) // 3) | 1
    away = small - ndimage.median_filter(small, size=window, mode="nearest")
    rows, columns = small.shape[0] // 10, small.shape[1] // 10
    away = away[rows : small.shape[0] - rows, columns : small.shape[1] - columns]
    return float((away**3).sum()) < 0


def _otsu(values: np.ndarray) -> float:
    """The value that parts the values into the two classes that lie furthest apart (Otsu 1979), to 1/64 of their range."""
    counts, edges = np.histogram(values, bins=64)
    below = np.cumsum(counts)[:-1] / counts.sum()
    means = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (means[-1] / counts.sum() * below - means[:-1] / counts.sum()) ** 2 / (below * (1 - below))
    return float(edges[1 + int(np.argmax(np.nan_to_num(apart, posinf=0)))])


def _contrast(grey: np.ndarray, small: np.ndarray, beside: np.ndarray, dark: bool, share: float) -> np.ndarray:
    """(H, W) difference between the page and the picture as a share of the page (dark ink) or of white (light ink).

    The page is a closing of the small copy: strokes narrower than `share` of its shorter side are filled in, light remains.
    """
    from scipy import ndimage

    window = max(3, round(share * min(small.shape))) | 1
    page = ndimage.grey_closing(small if dark else 255 - small, size=(window, window), mode="nearest")
    page = ndimage.gaussian_filter(page, 1.5, mode="nearest")
    page = _enlarged(page, grey.shape, Image.Resampling.BICUBIC)
    # a quotient: ink in the shade is as black as ink in the light
    ink = 1 - grey / np.maximum(page, 1) if dark else (page - (255 - grey)) / 255
    return np.where(beside, 0, ink - np.median(ink[~beside]))


def _small(grey: np.ndarray, side: int) -> np.ndarray:
    """A copy with the longer side at most `side` pixels, by averaging."""
    height, width = grey.shape
    scale = min(1.0, side / max(height, width))
    shape = max(4, round(width * scale)), max(4, round(height * scale))
    return np.asarray(Image.fromarray(grey.astype(np.float32)).resize(shape, Image.Resampling.BOX))


def _enlarged(small: np.ndarray, shape: tuple[int, int], how: Image.Resampling) -> np.ndarray:
    """float32 (H, W) copy of a small array in the given shape."""
    return np.asarray(Image.fromarray(small.astype(np.float32)).resize(shape[::-1], how))
