"""Components of our own: what the browser draws and reports by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


def component(name: str, folder: Path, html: str, **options: Any) -> Any:
    """One whose style and script lie in the folder, as NAME.css and NAME.js. Made once, where a module is imported."""
    css, js = ((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component(name, html=f"{html}\n", css=css, js=js, **options)
