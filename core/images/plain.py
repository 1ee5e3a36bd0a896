"""What most demos do to a picture: shrink it, and turn it dark if its background is light. Kept to show why that fails."""

from __future__ import annotations

import numpy as np
from PIL import Image


def prepare_plainly(image: Image.Image, channels: int, size: tuple[int, int]) -> np.ndarray:
    """uint8 (channels, height, width) of any picture, neither centred nor scaled. `size` is (height, width) in pixels.

    Grey pictures with a light edge are inverted: the datasets of drawings are bright on black.
    """
    flat = Image.new("RGBA", image.size, "white")
    flat.alpha_composite(image.convert("RGBA"))
    small = flat.convert("L" if channels == 1 else "RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(small, dtype=np.uint8).reshape(size[0], size[1], channels)
    if channels == 1:
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        if np.median(edge) > 127:
            pixels = 255 - pixels
    return pixels.transpose(2, 0, 1).copy()
