"""Pages to print or to file: one HTML document each, which asks for nothing and runs no program."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

HERE = Path(__file__).parent


def printed_page(folder: Path, name: str, window_title: str, **parts: object) -> str:
    """HTML: the template NAME.html of the folder filled with `parts`, in the style of its NAME.css, which is the only one that
    the page allows. `window_title` and `parts` are HTML: what people wrote is escaped before."""
    style = (folder / f"{name}.css").read_text(encoding="utf-8")
    content = Template((folder / f"{name}.html").read_text(encoding="utf-8")).substitute(parts)
    return Template((HERE / "printed.html").read_text(encoding="utf-8")).substitute(
        style=style,
        style_hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
        title=window_title,
        content=content.strip(),
    )


def bullets(sentences: Iterable[str]) -> str:
    """HTML: a list of them, escaped."""
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in sentences)}</ul>"
