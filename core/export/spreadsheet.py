"""Tables as CSV that people open in a spreadsheet, which takes a text that begins with one of a few signs for a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.text.typed import clean_line

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # also in full width


def as_csv(table: pd.DataFrame, encoding: str = "utf-8") -> bytes:
    """The table without its index. Each text is one line; one that would be a formula begins with an apostrophe."""
    texts = table.select_dtypes(exclude="number").columns
    safe = table.assign(**{name: table[name].map(_harmless) for name in texts}).rename(columns=_harmless)
    return safe.to_csv(index=False).encode(encoding)


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    line = clean_line(value)  # what follows a line break would be a cell of its own to some programs
    return f"'{line}" if line.startswith(FORMULA) else line
