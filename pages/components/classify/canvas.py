"""A drawing area for mouse, pen and finger that sends its picture while one draws."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.images.read import read_image

PREFIX = "data:image/png;base64,"
LONGEST = 400_000  # characters; a 280 x 280 drawing has about 8,000
FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "canvas",
    html=(FOLDER / "canvas.html").read_text(encoding="utf-8"),
    css=(FOLDER / "canvas.css").read_text(encoding="utf-8"),
    js=(FOLDER / "canvas.js").read_text(encoding="utf-8"),
)


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
    if not isinstance(picture, str) or not picture.startswith(PREFIX) or len(picture) > longest:
        raise ImageError("The drawing did not arrive as a picture; clear it and draw again.")
    try:
        data = base64.b64decode(picture[len(PREFIX) :], validate=True)
    except binascii.Error as error:
        raise ImageError("The drawing arrived damaged; clear it and draw again.") from error
    return read_image(data, "the drawing" if longest == LONGEST else "the pasted picture")
