"""Titles that people gave, where there is room for a part of them."""

from __future__ import annotations

LONGEST = 34  # letters that a line of a table, a card or a legend has room for, on a phone too


def shortened(title: str, most: int = LONGEST) -> str:
    """The title; of a longer one its beginning and its end, as those that belong together often differ there alone."""
    if len(title) <= most:
        return title
    end = most // 3
    return f"{title[: most - 1 - end].rstrip()}…{title[-end:].lstrip()}"


def whole(title: str, most: int = LONGEST) -> str | None:
    """What a tooltip says of a title that is shortened; None where nothing is left out."""
    return title if len(title) > most else None
