"""Small pictures, drawings and tables as HTML of the page itself: data addresses never 404, pixels stay pixels, `st.html` takes
every SVG out of a page, but not a picture that is one, and style.css makes a wide table scroll by itself."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from core.errors import ImageError

TINY = 40  # pixels a side
GAP = 6  # pixels between filters
LINE = "#12908b"  # seen on light and dark


def data_address(content: bytes, kind: str = "png") -> str:
    """A file as an address that holds all of it; `kind` as in image/png."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()


def image_address(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    """A picture written in that format, with Pillow's options for it."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return data_address(buffer.getvalue(), kind.lower())


def small_address(image: Image.Image, side: int, kind: str, **options: Any) -> str:
    """A copy of at most `side` pixels in that format; of a tiny one each pixel is to be seen, so it is a PNG."""
    image.thumbnail((side, side))
    return image_address(image) if max(image.size) <= TINY else image_address(image, kind, **options)


def address_of(pixels: np.ndarray) -> str:
    """A PNG as a data address. pixels: (H, W, 1, 3 or 4) uint8."""
    return image_address(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), compress_level=1)


def picture(pixels: np.ndarray, alt: str, kind: str = "") -> str:
    """HTML: a picture, uint8 (H, W, C), of that CSS class."""
    of_class = f' class="{kind}"' if kind else ""
    return f'<img{of_class} src="{address_of(pixels)}" alt="{escape(alt)}">'


def received(address: object, begins: str, longest: int, what: str, remedy: str = "") -> bytes:
    """What a data address holds that `begins` so and has at most `longest` characters. It comes from a browser and may be
    anything: ImageError, which calls it `what` and ends with the `remedy`, unless it can be decoded."""
    if not isinstance(address, str) or not address.startswith(begins) or len(address) > longest:
        raise ImageError(f"{what} did not arrive as a picture{remedy}.")
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise ImageError(f"{what} arrived damaged{remedy}.") from error


def card(pixels: np.ndarray, alt: str, *lines: str, is_right: bool | None = None) -> str:
    """HTML: a picture, uint8 (H, W, C), with lines of HTML under it; right and wrong are said by a sign
    too, not by colour alone."""
    mark = "" if is_right is None else ' class="right"' if is_right else ' class="wrong"'
    said = "".join(f"<span>{line}</span>" for line in lines)
    return f"<figure{mark}>{picture(pixels, alt)}<figcaption>{said}</figcaption></figure>"


def gallery(cards: list[str], label: str, small: bool = False, in_a_row: bool = False) -> str:
    """HTML: cards side by side, as many as fit; `in_a_row` all of them, each with a line for its answer and one for the truth."""
    kind = " row" if in_a_row else " small" if small else ""
    return f'<div class="gallery{kind}" role="group" aria-label="{escape(label)}">{"".join(cards)}</div>'


def sheet(filters: np.ndarray, columns: int, enlarge: int) -> np.ndarray:
    """Filters (k, h, w, C) float as one picture (H, W, 4) uint8, each with its own contrast: grey is no weight.

    Colour filters show as colours, those of grey pictures in grey; what is between them is transparent.
    """
    count, height, width, channels = filters.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    levels = (127.5 + 127.5 * filters / np.maximum(largest, 1e-12)).round().astype(np.uint8)
    levels = np.repeat(levels, 3, axis=3) if channels == 1 else levels
    drawn = np.zeros((rows * (height * enlarge + GAP) - GAP, columns * (width * enlarge + GAP) - GAP, 4), np.uint8)
    for place, level in enumerate(levels):
        top, left = place // columns * (height * enlarge + GAP), place % columns * (width * enlarge + GAP)
        large = level.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        drawn[top : top + height * enlarge, left : left + width * enlarge, :3] = large
        drawn[top : top + height * enlarge, left : left + width * enlarge, 3] = 255
    return drawn


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


def html_table(head: Sequence[str], rows: Iterable[str], more: str = "") -> str:
    """HTML of rows (`table_row`) under titles, which may be none."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    top = f"<thead><tr>{titles}</tr></thead>" if head else ""
    return (
        f'<div class="frame" tabindex="0"><table class="table">{top}<tbody>{"".join(rows)}</tbody></table></div>{more}'
    )


def table_row(first: str, cells: Iterable[object], kind: str = "") -> str:
    """HTML of one row: what it is about, HTML already, and its other cells, which are text; `kind` is its CSS class."""
    others = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr{f" class={kind}" if kind else ""}><th scope="row">{first}</th>{others}</tr>'


def code_for_phones(address: str) -> str:
    """HTML of an address as a code that the camera of a phone reads."""
    import segno

    code = segno.make(address, micro=False).svg_data_uri(scale=5, border=2, dark="#000", light="#fff")
    return (
        f'<img class="qr" src="{escape(code, quote=True)}" alt="A code with the address below, for a phone\'s camera">'
    )
