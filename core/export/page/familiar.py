"""Few pictures in place of the thousands that `core.inference.neighbours` compares with: whether a picture is unlike all that a
network learned from, in a tenth of a megabyte.

Distances are the same as there, in directions of features and in pixels, but of what is left when both are projected: features
onto the main axes of the training pictures, pixels onto squares. The part that a projection takes away counts as if it stood at
right angles to any other's, which is nearly true and needs one number for each picture. With the digits recipe 87 % of 360
doodles, 99.7 % of 5,999 validation pictures and all of 63 strangers' digits then get the verdict that they get in TrainDesk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.export.page.packing import Packer
from core.inference import USUALLY_ANSWERED
from core.inference.neighbours import NEIGHBOUR, SIDE, in_units, limit_of, small

WIDE = 256  # more features than that are mixed into so many, by signs that the page makes itself
MOST = 1500  # pictures that are kept
FEATURES, SQUARES = (
    150_000,
    300_000,
)  # numbers that are kept of all of them: of 1,500, 100 and 14 x 14; of 150, all there are
FINE, LEVELS = 31, 7  # steps from 0 to the largest projected feature, and from black to white
SKETCH = 64  # dimensions in which the pictures that stand for others are chosen
ROUNDS = 4
PART = 500  # pictures whose distances are computed at a time


@dataclass(frozen=True)
class Familiar:
    """The pictures that are kept, projected, and how far from them a picture may be."""

    axes: np.ndarray  # (min(F, WIDE), A) int8, times 1 / 127: the main ones of the pictures' directions
    features: np.ndarray  # (M, A) int8, times `step`
    step: float
    lost_features: np.ndarray  # (M,) float16: what the projection took away, squared
    pixels: np.ndarray  # (M, P) uint8, 0..LEVELS
    lost_pixels: np.ndarray  # (M,) float16
    side: int  # of a square, in pixels of `small`
    rank: int  # which of the nearest counts: the first of those that stand for others, else as in `neighbours`
    units: tuple[float, float]  # 98th percentiles of both distances over the validation pictures
    limit: float  # the score up to which a picture is answered

    @classmethod
    def of(cls, features: np.ndarray, pictures: np.ndarray, val_features: np.ndarray, val: np.ndarray) -> Familiar:
        """From features float32 (N, F) and pixels uint8 (N, C, H, W) of pictures to learn from and (V, ...) for validation."""
        known, flat = mixed(features), small(pictures)
        kept = _standing_for_all(known, flat)
        strong = np.linalg.eigh(known.T @ known)[1][:, ::-1][:, : max(1, FEATURES // len(kept))]  # (F, A)
        axes = np.round(strong * 127).astype(np.int8)
        channels, height, width = pictures.shape[1:]
        side = _side(_size_of_small(height, width), SQUARES / len(kept) / channels)
        projected, lost = _projected(known[kept], axes)
        step = float(max(np.abs(projected).max() / FINE, 1e-9))
        squares, lost_pixels = _in_squares(flat[kept], pictures.shape, side)
        made = cls(
            axes=axes,
            features=np.round(projected / step).astype(np.int8),
            step=step,
            lost_features=lost.astype(np.float16),
            pixels=np.round(squares * LEVELS).astype(np.uint8),
            lost_pixels=lost_pixels.astype(np.float16),
            side=side,
            rank=NEIGHBOUR if len(kept) == len(known) else 1,
            units=(1.0, 1.0),
            limit=0.0,
        )
        by_features, by_pixels = made.distances(val_features, val)
        units = in_units(by_features, by_pixels)
        scores = (by_features / units[0] + by_pixels / units[1]) / 2
        return cls(**{**vars(made), "units": units, "limit": limit_of(scores, USUALLY_ANSWERED)})

    def distances(self, features: np.ndarray, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances (N,) to the `rank`-th nearest picture kept, in features and in pixels."""
        projected, lost = _projected(mixed(features), self.axes)
        by_features = _nearest(self.features * np.float32(self.step), self.lost_features, projected, lost, self.rank)
        squares, lost_pixels = _in_squares(small(pictures), pictures.shape, self.side)
        known = self.pixels * np.float32(self.side / LEVELS)
        return by_features, _nearest(known, self.lost_pixels, squares * self.side, lost_pixels, self.rank)

    def scores(self, features: np.ndarray, pictures: np.ndarray) -> np.ndarray:
        """How unlike they are, (N,): above `limit` the page says that it does not know."""
        by_features, by_pixels = self.distances(features, pictures)
        return (by_features / self.units[0] + by_pixels / self.units[1]) / 2

    def packed(self, packer: Packer) -> dict[str, Any]:
        """As it stands in the page."""
        return {
            "axes": packer.add(self.axes, "i1"),
            "features": packer.add(self.features, "i1"),
            "step": self.step,
            "lost_features": packer.add(self.lost_features, "f2"),
            "pixels": packer.add(self.pixels, "u1"),
            "lost_pixels": packer.add(self.lost_pixels, "f2"),
            "levels": LEVELS,
            "side": self.side,
            "rank": self.rank,
            "units": self.units,
            "limit": self.limit,
        }


def mixed(features: np.ndarray) -> np.ndarray:
    """Directions, float32 (N, at most WIDE), of features (N, F)."""
    if features.shape[1] > WIDE:
        features = features @ signs(features.shape[1], WIDE)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)


def signs(rows: int, columns: int) -> np.ndarray:
    """1 and -1 as if by chance, float32 (rows, columns), the same in every language: the highest bit of each place, hashed
    as splitmix32 does."""
    values = np.arange(1, rows * columns + 1, dtype=np.uint32) * np.uint32(0x9E3779B9)
    for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
        values = (values ^ (values >> np.uint32(shift))) * np.uint32(factor)
    return np.where(values >> np.uint32(31), np.float32(1), np.float32(-1)).reshape(rows, columns)


def _projected(directions: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, A) and (N,): directions on the axes, and what that takes away, squared."""
    projected = directions @ (axes.astype(np.float32) / 127)
    return projected, ((directions**2).sum(1) - (projected**2).sum(1)).clip(0)


def _size_of_small(height: int, width: int) -> tuple[int, int]:
    """Height and width of what `small` makes of a picture."""
    step = -(-max(height, width) // SIDE)
    return max(1, height // step), max(1, width // step)


def _side(size: tuple[int, int], most: float) -> int:
    """Of the smallest squares of which at most so many make up a picture (height, width); one at least."""
    return next(
        side for side in range(1, SIDE + 1) if side == SIDE or max(1, size[0] // side) * max(1, size[1] // side) <= most
    )


def _in_squares(flat: np.ndarray, shape: tuple[int, ...], wide: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, P) means of squares of `wide` pixels of what `small` gives of pictures of `shape`, and (N,) what that takes away,
    squared."""
    channels = shape[1]
    height, width = _size_of_small(*shape[2:])
    rows, columns = max(1, height // wide), max(1, width // wide)
    cut = flat.reshape(-1, channels, height, width)[:, :, : rows * wide, : columns * wide]
    means = cut.reshape(-1, channels, rows, wide, columns, wide).mean((3, 5))
    lost = (cut**2).sum((1, 2, 3)) - (means**2).sum((1, 2, 3)) * wide**2
    return means.transpose(0, 2, 3, 1).reshape(len(flat), -1), lost.clip(0)  # channels last, as pixels in the page


def _nearest(bank: np.ndarray, bank_lost: np.ndarray, pictures: np.ndarray, lost: np.ndarray, rank: int) -> np.ndarray:
    """Squared distance (N,) of pictures (N, D) to the `rank`-th nearest of a bank (M, D), with what the projection took from
    both."""
    rank = min(rank, len(bank)) - 1
    own = (bank**2).sum(1) + bank_lost.astype(np.float32)
    parts = [pictures[start : start + PART] for start in range(0, len(pictures), PART)]
    nearest = np.concatenate([np.partition(own - 2 * part @ bank.T, rank, axis=1)[:, rank] for part in parts])
    return (nearest + (pictures**2).sum(1) + lost).clip(0)


def _standing_for_all(directions: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Numbers of at most MOST pictures, rising: those nearest to the middles of as many clusters (Lloyd's k-means)."""
    if len(directions) <= MOST:
        return np.arange(len(directions))
    from scipy.sparse import csr_matrix

    chance = np.random.default_rng(0)
    each = [values / max(1e-9, float(values.std())) / values.shape[1] ** 0.5 for values in (directions, flat)]
    joint = np.concatenate(each, 1)
    sketch = joint @ (chance.normal(size=(joint.shape[1], SKETCH)) / SKETCH**0.5).astype(np.float32)
    middles = sketch[chance.choice(len(sketch), MOST, replace=False)]
    for _ in range(ROUNDS):
        belongs = _closest(sketch, middles)
        counts = np.bincount(belongs, minlength=MOST)
        which = csr_matrix(
            (np.ones(len(belongs), np.float32), (belongs, np.arange(len(belongs)))), (MOST, len(belongs))
        )
        middles = np.where(counts[:, None] > 0, (which @ sketch) / counts.clip(1)[:, None], middles).astype(np.float32)
    return np.unique(_closest(middles, sketch))


def _closest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(N,) which of the centres (M, D) is nearest to each of the points (N, D)."""
    own = (centres**2).sum(1)
    parts = [points[start : start + PART] for start in range(0, len(points), PART)]
    return np.concatenate([(own - 2 * part @ centres.T).argmin(1) for part in parts])
