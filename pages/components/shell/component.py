"""Components of our own: what the browser draws and reports by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


def component(name: str, folder: Path, script_before: str = "", **options: Any) -> Any:
    """One whose page, style and script lie in the folder, as NAME.html, NAME.css and NAME.js; the script may need another one
    before it. Made once, where a module is imported; called with `key` and `data` it draws and gives its state."""
    html, css, js = ((folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component(name, html=html, css=css, js=script_before + js, **options)
