"""Numbers, times and statuses in words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from core.runs.events import Event

STATUS_COLOURS = {
    "starting": "gray",
    "running": "blue",
    "finished": "green",
    "stopped": "orange",
    "failed": "red",
    "interrupted": "red",
    "damaged": "red",
}
NOT_YET = "-"


def percent(share: float | None, decimals: int = 1) -> str:
    """0.9785 -> "97.8 %". What is not quite all is never shown as 100 %, what is not quite nothing never as 0 %."""
    if share is None:
        return NOT_YET
    smallest = 10.0**-decimals
    if 0 < share * 100 < smallest:
        return f"<{smallest:g} %"
    if 100 - smallest < share * 100 < 100:
        return f"{100 - smallest:.{decimals}f} %"
    return f"{share * 100:.{decimals}f} %"


def duration(seconds: float | None) -> str:
    """75 -> "1 min 15 s"."""
    if seconds is None:
        return NOT_YET
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(seconds: float) -> str:
    """Unix seconds in local time: "today 14:03", "yesterday 14:03" or "3 Nov 2026 14:03"."""
    then = time.localtime(seconds)
    for label, ago in (("today", 0), ("yesterday", 86_400)):
        if time.localtime(time.time() - ago)[:3] == then[:3]:
            return time.strftime(f"{label} %H:%M", then)
    return f"{then.tm_mday} " + time.strftime("%b %Y %H:%M", then)


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e6:.1f} MB"


def device_in_words(started: Event) -> str:
    """ "CPU", or the name of the GPU."""
    name = str(started.get("device_name") or started.get("device") or "")
    return name.upper() if name in ("cpu", "mps") else name


def count(number: int, noun: str) -> str:
    """(1, "problem") -> "1 problem", (1200, "picture") -> "1,200 pictures"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def rows_of(items: Sequence[Any], length: int) -> Iterator[Sequence[Any]]:
    """(1, 2, 3, 4, 5), 3 -> (1, 2, 3), (4, 5)."""
    return (items[start : start + length] for start in range(0, len(items), length))


def plain_markdown(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return "".join("\\" + letter if letter in r"\`*_{}[]()#+-.!$~<>|:" else letter for letter in text)


def facts(pairs: list[tuple[str, str, str]]) -> str:
    """HTML of (label, value, addition) side by side."""
    items = (
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}{f'<small>{escape(more)}</small>' if more else ''}</dd></div>"
        for label, value, more in pairs
    )
    return f'<dl class="facts">{"".join(items)}</dl>'
