"""What the browser draws for the classify page: an area for mouse, pen and finger that sends its picture while one draws, a
picture from the clipboard, and tiles with the answer under each, of which one is picked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from core.images.read import read_image
from core.paths import HOME
from pages.components.shell.html_parts import received, small_address
from pages.components.shell.widgets import component

PREFIX = "data:image/png;base64,"
LONGEST = 400_000  # characters; a 280 x 280 drawing has about 8,000
LONGEST_PASTED = 12_000_000  # characters: a photo of 1,600 pixels a side as PNG
SIDE = 96  # pixels
STROKES = HOME / "core" / "export" / "page" / "strokes.js"  # the same as on the pages that leave
_canvas = component("canvas", Path(__file__).parent, STROKES.read_text(encoding="utf-8"))
_paste, _tiles = (component(name, Path(__file__).parent) for name in ("paste", "tiles"))


def canvas(
    *,
    key: str,
    hint: str,
    otherwise: str = "",
    keeps: bool = False,
    asks: bool = False,
    on_asked: Callable[[], None] = lambda: None,
) -> Image.Image | None:
    """The drawing, dark on white, or None while there is none. `hint` says what to draw, `otherwise` in a sentence what to do
    without mouse, pen or finger. Raises ImageError.

    `keeps`: what was drawn is there again when the visitor comes back to it. `asks`: `on_asked` is called and the script runs
    again as soon as the canvas is painted, and then about every second until this is False: for what is loaded meanwhile.
    """
    state = _canvas(
        key=key,
        data={"hint": hint, "otherwise": otherwise, "keep": key if keeps else None, "asks": asks},
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


def draw_tiles(tiles: Sequence[dict[str, str]], shown: str, key: str) -> int:
    """Draws tiles of `src`, `name`, `said`, `sure` and `kind` ("" or "unknown") and returns the place of the one that is picked,
    at first 0. `shown` is another text when the pictures are others."""
    memory = f"picked {key}"
    if st.session_state.get(memory, ("", 0))[0] != shown:
        st.session_state[memory] = shown, 0
    before = st.session_state[memory][1]
    state = _tiles(
        key=f"{key} {shown}",
        data={"tiles": list(tiles), "shown": shown, "chosen": before},
        default={"chosen": before},
        on_chosen_change=lambda: None,
    )
    chosen = state.chosen if isinstance(state.chosen, int) and 0 <= state.chosen < len(tiles) else 0
    st.session_state[memory] = shown, chosen
    return chosen


def thumbnail(image: Image.Image, side: int = SIDE) -> str:
    """A small copy as a data address, at most `side` pixels: tiny ones pixel by pixel, all others 2 to 4 KB (WebP)."""
    return small_address(image.convert("RGBA" if image.has_transparency_data else "RGB"), side, "WEBP")
