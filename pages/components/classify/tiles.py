"""Pictures as tiles with the answer under each, of which one is picked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

from pages.components.shell.component import component
from pages.components.shell.pictures import image_address

SIDE = 96  # pixels
TINY = 40  # pixels a side up to which each of them is to be seen

_component = component("tiles", Path(__file__).parent)


def draw_tiles(tiles: Sequence[dict[str, str]], shown: str, key: str) -> int:
    """Draws tiles of `src`, `name`, `said`, `sure` and `kind` ("" or "unknown") and returns the place of the one that is picked,
    at first 0. `shown` is another text when the pictures are others."""
    memory = f"picked {key}"
    if st.session_state.get(memory, ("", 0))[0] != shown:
        st.session_state[memory] = shown, 0
    before = st.session_state[memory][1]
    state = _component(
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
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((side, side))
    return image_address(small, "PNG" if max(image.size) <= TINY else "WEBP")
