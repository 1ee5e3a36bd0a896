"""Several things in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[str], most: int = 0, beyond: str = "more") -> str:
    """ "a, b and c"; of more than `most`, unless that is 0, "a, b and 3 more"."""
    if most and len(items) > most:
        return some(items, most, beyond)
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def some(items: Sequence[str], most: int, beyond: str = "more") -> str:
    """ "a, b, c"; of more than `most` "a, b and 3 more"."""
    left = len(items) - most
    return ", ".join(items[:most]) + (f" and {left:,} {beyond}" if left > 0 else "")


def quoted(names: Sequence[str], most: int, beyond: str = "more") -> str:
    """ "'a', 'b' and 'c'"; of more than `most` "'a', 'b' and 3 more"."""
    return listed([f"'{name}'" for name in names], most, beyond)
