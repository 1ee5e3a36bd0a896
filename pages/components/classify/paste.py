"""A picture from the clipboard."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from PIL import Image

from pages.components.classify.canvas import decoded

LONGEST = 12_000_000  # characters of a data address: a photo of 1,600 pixels a side as PNG

_component = st.components.v2.component(
    "paste",
    html='<div class="paste">Or copy a picture anywhere and press Ctrl+V here.</div>\n',
    css=".paste { font: inherit; font-family: var(--st-font); color: var(--st-text-color); opacity: .82; font-size: .9rem; }\n",
    js=(Path(__file__).parent / "paste.js").read_text(encoding="utf-8"),
)


def pasted(*, key: str) -> Image.Image | None:
    """What was pasted last, or None. Raises ImageError."""
    state = _component(key=key, data={}, default={"picture": None}, on_picture_change=lambda: None)
    return decoded(state.picture, LONGEST)
