"""Tables of our own as HTML; style.css makes a wide one scroll by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(head: Sequence[str], rows: Iterable[str], more: str = "") -> str:
    """HTML of rows (`table_row`) under titles, which may be none."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    top = f"<thead><tr>{titles}</tr></thead>" if head else ""
    return f'<div class="frame"><table class="table">{top}<tbody>{"".join(rows)}</tbody></table></div>{more}'


def table_row(first: str, cells: Iterable[object], kind: str = "") -> str:
    """HTML of one row: what it is about, HTML already, and its other cells, which are text; `kind` is its CSS class."""
    others = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr{f" class={kind}" if kind else ""}><th scope="row">{first}</th>{others}</tr>'
