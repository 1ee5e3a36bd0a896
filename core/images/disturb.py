"""Pictures made harder to read, to see when a network breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Disturbance:
    """One way of disturbing: `apply(pixels, strength, random)` takes and gives uint8 (N, C, H, W)."""

    name: str
    title: str
    unit: str
    lowest: float
    highest: float
    step: float
    apply: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
    remedy: tuple[str, float] | None = None  # a setting of the augmentation that prepares for it, and its largest value

    def strengths(self, count: int = 9) -> np.ndarray:
        """(count,), evenly from the weakest to the strongest, 0 among them."""
        return np.linspace(self.lowest, self.highest, count)


def _moved(pixels: np.ndarray, matrix: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Each output pixel at (row, column) from the middle takes what lies at matrix @ (row, column) - shift; beyond the edge the
    edge goes on."""
    from scipy import ndimage

    middle = (np.array(pixels.shape[2:]) - 1) / 2
    full = np.eye(4)
    full[2:, 2:] = matrix
    offset = np.zeros(4)
    offset[2:] = middle - matrix @ (middle + np.array(shift))
    moved = ndimage.affine_transform(pixels.astype(np.float32), full, offset, order=1, mode="nearest")
    return moved.clip(0, 255).round().astype(np.uint8)


def _rotate(pixels, strength, _random):
    angle = np.deg2rad(strength)
    return _moved(pixels, np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]))


def _shift(pixels, strength, _random):
    return _moved(pixels, np.eye(2), (0.0, strength * pixels.shape[3]))


def _scale(pixels, strength, _random):
    return _moved(pixels, np.eye(2) / strength)


def _blur(pixels, strength, _random):
    from scipy import ndimage

    sigma = strength * pixels.shape[3] / 28
    return ndimage.gaussian_filter(pixels.astype(np.float32), (0, 0, sigma, sigma)).round().astype(np.uint8)


def _noise(pixels, strength, random):
    return (pixels + random.normal(0, 255 * strength, pixels.shape)).clip(0, 255).round().astype(np.uint8)


def _invert(pixels, strength, _random):
    return (pixels * (1 - strength) + (255 - pixels.astype(np.float32)) * strength).round().astype(np.uint8)


def _thicken(pixels, strength, _random):
    """Strokes bright on dark grow, or shrink below 0."""
    from scipy import ndimage

    size = abs(strength) * pixels.shape[3] / 28
    whole, part = int(size), size - int(size)
    change = ndimage.grey_dilation if strength > 0 else ndimage.grey_erosion

    def by(width: int) -> np.ndarray:
        return change(pixels, size=(1, 1, 2 * width + 1, 2 * width + 1)) if width else pixels

    return (by(whole) * (1 - part) + by(whole + 1).astype(np.float32) * part).round().astype(np.uint8)


DISTURBANCES = {
    one.name: one
    for one in (
        Disturbance("rotate", "Turn", "degrees", -90, 90, 1, _rotate, ("rotation", 45)),
        Disturbance("shift", "Shift", "of the width", -0.4, 0.4, 0.01, _shift, ("shift", 0.25)),
        Disturbance("scale", "Size", "times", 0.4, 1.6, 0.01, _scale, ("scale", 0.3)),
        Disturbance("blur", "Blur", "pixels", 0, 4, 0.1, _blur),
        Disturbance("noise", "Noise", "of white", 0, 0.8, 0.01, _noise),
        Disturbance("invert", "Invert", "", 0, 1, 0.05, _invert),
        Disturbance("thicken", "Stroke width", "pixels", -2, 2, 0.1, _thicken),
    )
}
NOTHING = {"scale": 1.0}  # strengths that change nothing, where that is not 0


def disturbed(pixels: np.ndarray, strengths: dict[str, float], seed: int = 0) -> np.ndarray:
    """uint8 (N, C, H, W) with several disturbances, one after the other; what is not named stays as it is."""
    random = np.random.default_rng(seed)
    for name, one in DISTURBANCES.items():
        strength = strengths.get(name, NOTHING.get(name, 0.0))
        if strength != NOTHING.get(name, 0.0):
            pixels = one.apply(pixels, strength, random)
    return pixels
