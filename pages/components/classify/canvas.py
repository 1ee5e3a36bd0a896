"""A drawing area for mouse, pen and finger that sends its picture while one draws; and a picture from the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from core.images.read import read_image
from pages.components.shell.component import component
from pages.components.shell.pictures import received

PREFIX = "data:image/png;base64,"
LONGEST = 400_000  # characters; a 280 x 280 drawing has about 8,000
LONGEST_PASTED = 12_000_000  # characters: a photo of 1,600 pixels a side as PNG

_component, _paste = (component(name, Path(__file__).parent) for name in ("canvas", "paste"))


def canvas(
    *, key: str, hint: str, keeps: bool = False, asks: bool = False, on_asked: Callable[[], None] = lambda: None
) -> Image.Image | None:
    """The drawing, dark on white, or None while there is none. `hint` says what to draw. Raises ImageError.

    `keeps`: what was drawn is there again when the visitor comes back to it. `asks`: `on_asked` is called and the script runs
    again as soon as the canvas is painted, and then about every second until this is False: for what is loaded meanwhile.
    """
    data = {"hint": hint, "keep": key if keeps else None, "asks": asks}
    state = _component(
        key=key,
        data=data,
        default={"picture": None},
        on_picture_change=lambda: None,
        on_asked_change=on_asked,
    )
    return decoded(state.picture)


def decoded(picture: Any, longest: int = LONGEST) -> Image.Image | None:
    """The picture of a data address. It comes from a browser and may be anything: ImageError unless it is a PNG of at most
    `longest` characters."""
    if picture is None:
        return None
    data = received(picture, PREFIX, longest, "The drawing", "; clear it and draw again")
    return read_image(data, "the drawing" if longest == LONGEST else "the pasted picture")


def pasted(*, key: str) -> Image.Image | None:
    """A picture from the clipboard: what was pasted last, or None. Raises ImageError."""
    state = _paste(key=key, data={}, default={"picture": None}, on_picture_change=lambda: None)
    return decoded(state.picture, LONGEST_PASTED)
