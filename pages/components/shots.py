"""Photos by the camera of the visitor's device, several while a button is held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "shots",
    html=(
        '<div class="booth"><video autoplay muted playsinline></video><p class="said" role="status">Allow the camera.</p>'
        '<button type="button" disabled>Hold to take photos</button></div>\n'
    ),
    css=(FOLDER / "shots.css").read_text(encoding="utf-8"),
    js=(FOLDER / "shots.js").read_text(encoding="utf-8"),
)


def shots(*, key: str) -> dict[str, Any] | None:
    """{"burst": number, "pictures": [JPEG data addresses]} of the last time the button was held, or None."""
    state = _component(key=key, data={}, default={"taken": None}, on_taken_change=lambda: None)
    return state.taken if isinstance(state.taken, dict) else None
