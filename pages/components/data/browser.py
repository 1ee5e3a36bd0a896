"""What the browser draws for datasets: their pictures, small, in a gallery of which one picks some by clicking, and photos by
the camera of the visitor's device, several while a button is held."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.image_sets.own_dataset import OwnDataset
from core.images.read import read_image
from pages.components.shell.html_parts import received, small_address
from pages.components.shell.widgets import component

SIDE = 96  # pixels
LONGEST = 400_000  # characters; a photo of 224 pixels has about 20,000
_picked, _shots = (component(name, Path(__file__).parent) for name in ("picked", "shots"))


def thumbnails(dataset: OwnDataset, images: Sequence[int]) -> list[str]:
    """HTML pictures, part of the page itself."""
    names = {picture.id: picture.name for picture in dataset.pictures(images)}
    return [
        f'<img src="{address_of_picture(str(dataset.file), image)}" alt="{escape(names.get(image, ""))}">'
        for image in images
    ]


def picked(dataset: OwnDataset, images: Sequence[int], key: str) -> list[int]:
    """Draws the pictures as buttons and returns the numbers of those that are picked."""
    names = {picture.id: picture.name for picture in dataset.pictures(images)}
    tiles = [
        {
            "id": int(image),
            "src": address_of_picture(str(dataset.file), int(image)),
            "name": names.get(image, ""),
        }
        for image in images
    ]
    state = _picked(key=key, data={"tiles": tiles}, default={"chosen": []}, on_chosen_change=lambda: None)
    chosen = state.chosen if isinstance(state.chosen, list) else []
    return [image for image in images if int(image) in chosen]


@lru_cache(maxsize=4000)
def address_of_picture(file: str, image: int) -> str:
    """A data address; a picture of a dataset never changes."""
    try:
        opened = Image.open(io.BytesIO(OwnDataset(Path(file).parent).content(image)))
        opened.draft("RGB", (SIDE, SIDE))
        return small_address(opened.convert("RGB"), SIDE, "JPEG", quality=80)
    except Exception:  # a picture that is gone, or of a kind that only core.images.read opens
        return ""


def shots(*, key: str, watches: bool = False) -> tuple[dict[str, Any] | None, Image.Image | None]:
    """{"burst": number, "pictures": [JPEG data addresses]} of the last time the button was held, or None; and, if it
    `watches`, what the camera sees: about twice a second, as fast as what is shown before has been taken."""
    state = _shots(
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
