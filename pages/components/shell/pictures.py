"""Small pictures as part of the page itself: data addresses never 404, and pixels stay pixels."""

from __future__ import annotations

import base64
import binascii
import io
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from core.errors import ImageError

GAP = 6  # pixels between filters


def data_address(content: bytes, kind: str = "png") -> str:
    """A file as an address that holds all of it; `kind` as in image/png."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()


def image_address(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    """A picture written in that format, with Pillow's options for it."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return data_address(buffer.getvalue(), kind.lower())


def address_of(pixels: np.ndarray) -> str:
    """A PNG as a data address. pixels: (H, W, 1, 3 or 4) uint8."""
    return image_address(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), compress_level=1)


def received(address: object, begins: str, longest: int, what: str, remedy: str = "") -> bytes:
    """What a data address holds that `begins` so and has at most `longest` characters. It comes from a browser and may be
    anything: ImageError, which calls it `what` and ends with the `remedy`, unless it can be decoded."""
    if not isinstance(address, str) or not address.startswith(begins) or len(address) > longest:
        raise ImageError(f"{what} did not arrive as a picture{remedy}.")
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise ImageError(f"{what} arrived damaged{remedy}.") from error


def card(pixels: np.ndarray, alt: str, *lines: str, is_right: bool | None = None) -> str:
    """HTML: a picture, uint8 (H, W, C), with lines of HTML under it; right and wrong are said by a sign
    too, not by colour alone."""
    mark = "" if is_right is None else ' class="right"' if is_right else ' class="wrong"'
    said = "".join(f"<span>{line}</span>" for line in lines)
    return f'<figure{mark}><img src="{address_of(pixels)}" alt="{escape(alt)}"><figcaption>{said}</figcaption></figure>'


def gallery(cards: list[str], label: str, small: bool = False, in_a_row: bool = False) -> str:
    """HTML: cards side by side, as many as fit; `in_a_row` all of them, each with a line for its answer and one for the truth."""
    kind = " row" if in_a_row else " small" if small else ""
    return f'<div class="gallery{kind}" role="group" aria-label="{escape(label)}">{"".join(cards)}</div>'


def sheet(filters: np.ndarray, columns: int = 12, enlarge: int = 4) -> np.ndarray:
    """Filters (k, h, w, C) float as one picture (H, W, 4) uint8, each with its own contrast: grey is no weight.

    Colour filters show as colours, those of grey pictures in grey; what is between them is transparent.
    """
    count, height, width, channels = filters.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    levels = (127.5 + 127.5 * filters / np.maximum(largest, 1e-12)).round().astype(np.uint8)
    levels = np.repeat(levels, 3, axis=3) if channels == 1 else levels
    picture = np.zeros((rows * (height * enlarge + GAP) - GAP, columns * (width * enlarge + GAP) - GAP, 4), np.uint8)
    for place, level in enumerate(levels):
        top, left = place // columns * (height * enlarge + GAP), place % columns * (width * enlarge + GAP)
        large = level.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        picture[top : top + height * enlarge, left : left + width * enlarge, :3] = large
        picture[top : top + height * enlarge, left : left + width * enlarge, 3] = 255
    return picture
