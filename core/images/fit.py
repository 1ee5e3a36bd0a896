"""Make a square of any picture, in one of four ways."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.images.ink import prepare_ink
from core.images.photo import on_white, prepare_photo

BOX = 20 / 28  # share of the side that what is drawn fills, as in MNIST


def prepare_square(image: Image.Image, *, channels: int, side: int, fit: str) -> np.ndarray:
    """uint8 (channels, side, side). `fit`: "crop" the middle, "pad" with the edge's colour, "stretch", or "ink".

    `channels` is 1 (grey) or 3 (RGB). "ink" is MNIST's recipe and gives one channel; it raises NothingDrawn.
    """
    if fit == "ink":
        return prepare_ink(image, size=side, box=round(side * BOX))
    if fit == "crop":
        return prepare_photo(image, channels=channels, size=(side, side))
    flat = on_white(image).convert("L" if channels == 1 else "RGB")
    if fit == "pad":
        longest = max(flat.size)
        scale = side / longest
        small = flat.resize(
            (max(1, round(flat.width * scale)), max(1, round(flat.height * scale))),
            Image.Resampling.BICUBIC,
            reducing_gap=3.0,
        )
        square = Image.new(flat.mode, (side, side), _edge(small))
        square.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    else:
        square = flat.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(square, dtype=np.uint8).reshape(side, side, channels).transpose(2, 0, 1).copy()


def _edge(image: Image.Image) -> int | tuple[int, ...]:
    """The usual colour of the picture's edge."""
    pixels = np.asarray(image)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(edge, axis=0)
    return int(colour) if colour.ndim == 0 else tuple(int(value) for value in colour)
