"""Photos by the camera of the visitor's device, several while a button is held."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.images.read import read_image
from pages.components.shell.component import component
from pages.components.shell.pictures import received

LONGEST = 400_000  # characters; a photo of 224 pixels has about 20,000

_component = component("shots", Path(__file__).parent)


def shots(*, key: str, watches: bool = False) -> tuple[dict[str, Any] | None, Image.Image | None]:
    """{"burst": number, "pictures": [JPEG data addresses]} of the last time the button was held, or None; and, if it
    `watches`, what the camera sees: about twice a second, as fast as what is shown before has been taken."""
    state = _component(
        key=key,
        data={"watches": watches, "answered": _number(st.session_state.get(key))},
        default={"taken": None, "seen": None},
        on_taken_change=lambda: None,
        on_seen_change=lambda: None,
    )
    sight = None
    if watches and isinstance(state.seen, dict):
        with contextlib.suppress(ImageError):  # the next one comes at once
            sight = read_image(photo(state.seen.get("picture")), "the photo")
    return state.taken if isinstance(state.taken, dict) else None, sight


def _number(state: Any) -> int:
    """Of the look that is being answered in this run."""
    seen = getattr(state, "seen", None)
    number = seen.get("number") if isinstance(seen, dict) else None
    return number if isinstance(number, int) else 0


def photo(address: Any) -> bytes:
    """The JPEG of a data address. It comes from a browser and may be anything. Raises ImageError."""
    data = received(address, "data:image/", LONGEST, "The photo")
    read_image(data, "the photo")
    return data
