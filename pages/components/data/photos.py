"""Photos for a class that is being collected: many while a button is held, or one at a time by the camera app of a phone."""

from __future__ import annotations

import secrets
from pathlib import Path

import streamlit as st
from PIL import Image, ImageOps

from core.errors import ImageError
from core.images.photo import on_white
from pages.components.classify.camera import camera_is_closed, snapped
from pages.components.data.browser import photo, shots
from pages.components.shell.messages import show_error

SIDE = 224  # pixels, as `shots.js` takes them


def take_photos(folder: Path, into: str, answers: bool) -> Image.Image | None:
    """What the camera sees, where there is something that answers; where no camera opens, photos by the phone's own app."""
    if camera_is_closed():
        return _take_one(folder, into)
    taken, sight = shots(key=f"shots {into}", watches=answers)
    seen = f"seen shots {into}"
    if not taken or taken.get("burst") == st.session_state.get(seen):
        return sight
    st.session_state[seen] = taken.get("burst")
    folder.mkdir(parents=True, exist_ok=True)
    for address in taken.get("pictures", [])[:100]:
        try:
            data = photo(address)
        except ImageError as error:
            show_error(f"A photo did not arrive whole ({error}); take it again.")
            return None
        (folder / f"{secrets.token_hex(6)}.jpg").write_bytes(data)
    st.rerun()
    return None


def _take_one(folder: Path, into: str) -> Image.Image | None:
    """The photo that was taken last, which is kept as the camera's are: a square, from its middle."""
    try:
        taken = snapped(key=f"snapped {into}")
    except ImageError as error:
        show_error(str(error))
        return None
    seen = f"seen snapped {into}"
    if taken is None or taken[0] == st.session_state.get(seen):
        return taken[1] if taken else None
    st.session_state[seen] = taken[0]
    folder.mkdir(parents=True, exist_ok=True)
    square = ImageOps.fit(on_white(taken[1]).convert("RGB"), (SIDE, SIDE))
    square.save(folder / f"{secrets.token_hex(6)}.jpg", quality=90)
    st.rerun()
    return None
