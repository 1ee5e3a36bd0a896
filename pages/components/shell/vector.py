"""Small drawings as pictures: `st.html` takes every SVG out of a page, but not a picture that is one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pages.components.shell.pictures import data_address

LINE = "#12908b"  # seen on light and dark


def vector_image(svg: str, words: str, kind: str) -> str:
    """HTML: an SVG document as a picture of that CSS class; `words` say what is to be seen, "" for a decoration."""
    return f'<img class="{kind}" src="{data_address(svg.encode(), "svg+xml")}" alt="{escape(words)}">'


def sparkline(values: Sequence[float], words: str, places: int = 0) -> str:
    """HTML: values of 0 to 1 as a small curve, the last at the right, over so many places; "" for fewer than two values."""
    if len(values) < 2:
        return ""
    last = max(places, len(values)) - 1
    first = last - len(values) + 1
    points = " ".join(f"{100 * (first + at) / last:.2f},{30 - 28 * value:.2f}" for at, value in enumerate(values))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 32" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    return vector_image(svg, words, "spark")
