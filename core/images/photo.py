"""Bring photos into the form of a dataset's images: colour photos by centre crop, clothing by Fashion-MNIST's recipe."""

import numpy as np
from PIL import Image

from core.errors import NothingDrawn


def prepare_photo(image: Image.Image, *, channels: int, size: tuple[int, int]) -> np.ndarray:
    """uint8 (channels, height, width) of a photo: flattened on white, cropped in the middle to the aspect of `size`, resized.

    `channels` is 1 (grey) or 3 (RGB), `size` is (height, width) in pixels. A picture that has this size already keeps its pixels.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, not {channels}")
    flat = on_white(image).convert("L" if channels == 1 else "RGB")
    height, width = size
    if flat.size != (width, height):
        scale = min(flat.width / width, flat.height / height)
        crop_width, crop_height = width * scale, height * scale
        left, top = max(0.0, (flat.width - crop_width) / 2), max(0.0, (flat.height - crop_height) / 2)  # never -1e-14
        crop = (left, top, min(left + crop_width, flat.width), min(top + crop_height, flat.height))
        flat = flat.resize((width, height), Image.Resampling.BICUBIC, box=crop, reducing_gap=3.0)
    return np.asarray(flat, dtype=np.uint8).reshape(height, width, channels).transpose(2, 0, 1).copy()


def prepare_clothing(image: Image.Image, *, size: int = 28) -> np.ndarray:
    """uint8 (1, size, size), the item bright on black, by Fashion-MNIST's recipe (Xiao et al. 2017, arXiv:1708.07747, 2.1).

    Trimmed to the item, longest edge `size`, grey, negated when the background is light, centred. A picture of that size
    and form passes unchanged. Raises NothingDrawn for a picture of one colour.
    """
    grey = np.asarray(on_white(image).convert("L"))  # (H, W) uint8
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(border))
    bright = grey if background < 128 else 255 - grey
    if grey.shape == (size, size) and background < 128:
        return grey[None].copy()
    background = background if background < 128 else 255 - background
    item = np.abs(bright.astype(np.float32) - background) > 13  # 5 % of white: the tolerance of the recipe's trimming
    if item.sum() < 0.002 * item.size:
        raise NothingDrawn(
            "The picture shows no item: it is all one colour; choose a picture of one piece of clothing."
        )
    rows, columns = np.flatnonzero(item.any(1)), np.flatnonzero(item.any(0))
    trimmed = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    width, height = trimmed[2] - trimmed[0], trimmed[3] - trimmed[1]
    scale = size / max(width, height)
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    # The item on pure black: what differs from the background keeps its brightness.
    lifted = Image.fromarray(np.where(item, bright, 0).astype(np.uint8))
    small = lifted.resize(fitted, Image.Resampling.BICUBIC, box=trimmed, reducing_gap=3.0)
    field = Image.new("L", (size, size))
    field.paste(small, ((size - fitted[0]) // 2, (size - fitted[1]) // 2))
    return np.asarray(field, dtype=np.uint8)[None].copy()


def prepare_plainly(image: Image.Image, channels: int, size: tuple[int, int]) -> np.ndarray:
    """uint8 (channels, height, width) of any picture, neither centred nor scaled. `size` is (height, width) in pixels.

    What most demos do, kept to show why that fails: the picture is shrunk, and a grey one with a light edge turned dark, since
    the datasets of drawings are bright on black.
    """
    flat = on_white(image).convert("L" if channels == 1 else "RGB")
    small = flat.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(small, dtype=np.uint8).reshape(size[0], size[1], channels)
    if channels == 1 and np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])) > 127:
        pixels = 255 - pixels
    return pixels.transpose(2, 0, 1).copy()


def on_white(image: Image.Image) -> Image.Image:
    """The picture without transparency: what is see-through shows a white page."""
    if not image.has_transparency_data:
        return image
    rgba = image.convert("RGBA")
    page = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(page, rgba).convert("RGB")
