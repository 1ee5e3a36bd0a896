"""Photos of visitors whose browser opens no camera, as the page came by http: by the camera app of their phone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from PIL import Image

from core.images.read import read_image
from core.privacy.access import LOCAL
from pages.components.shell.html_parts import received
from pages.components.shell.widgets import component

LONGEST = 12_000_000  # characters: a HEIC photo of 8 MB as it is, or what the browser made smaller
WHY = (
    "Browsers open no camera on a page that comes by http, so this takes the photo with the phone's own camera app; to have the "
    "camera on the page itself, ask the host to start the dashboard with `make share HTTPS=1`."
)
_snap = component("snap", Path(__file__).parent)


def camera_is_closed() -> bool:
    """Whether the visitor's browser opens no camera for this page: it does for https and for its own computer alone."""
    address = urlsplit(st.context.url or "")
    host = address.hostname or "localhost"
    return address.scheme == "http" and host not in LOCAL and not host.endswith(".localhost")


def snapped(key: str) -> tuple[int, Image.Image] | None:
    """The photo that was taken last, upright, and a number that each photo has for itself; None before the first, with the
    button that takes one and the reason why it is needed. Raises ImageError."""
    st.caption(WHY)
    state = _snap(key=key, data={}, default={"photo": None}, on_photo_change=lambda: None)
    photo = state.photo
    if not isinstance(photo, dict) or not isinstance(photo.get("number"), int):
        return None
    data = received(photo.get("picture"), "data:", LONGEST, "The photo", "; take it again")
    return photo["number"], read_image(data, "the photo")
