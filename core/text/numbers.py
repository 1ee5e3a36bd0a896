"""Numbers as people read them. Every percentage that is shown comes from here, and the sign for what is not known."""

from __future__ import annotations

import numpy as np

SIGN = "\u202f%"  # a narrow space that no line is broken at
UNKNOWN = "–"  # where a number would stand
OF_ONE = {
    "are": "is",
    "have": "has",
    "look": "looks",
    "were": "was",
    "wait": "waits",
    "train": "trains",
    "take": "takes",
    "them": "it",
    "their": "its",
}  # words that follow the number


def percent(share: float | None, decimals: int = 1) -> str:
    """0.9785 -> "97.9 %"; "–" for None. What is not quite all is never shown as 100 %, what is not quite nothing never as 0 %."""
    if share is None:
        return UNKNOWN
    smallest = 10.0**-decimals
    if 0 < share * 100 < smallest:
        return f"<{smallest:g}{SIGN}"
    if 100 - smallest < share * 100 < 100:
        return f"{100 - smallest:.{decimals}f}{SIGN}"
    return f"{share * 100:.{decimals}f}{SIGN}"


def decimal(number: float, digits: int = 3) -> str:
    """0.0000321 -> "0.0000321", where Python would write 3.21e-05."""
    return np.format_float_positional(number, precision=digits, fractional=False, trim="-")


def count(number: int, noun: str, nouns: str = "") -> str:
    """(1, "picture") -> "1 picture", (1200, "picture") -> "1,200 pictures", (2, "class", "classes") -> "2 classes"."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def fitting(number: int, word: str) -> str:
    """The word as it follows so many: (2, "are") -> "are", (1, "are") -> "is". Raises KeyError for a word not in OF_ONE."""
    return OF_ONE[word] if number == 1 else word


def duration(seconds: float | None) -> str:
    """75 -> "1 min 15 s", 0.3 -> "under 1 s"."""
    if seconds is None:
        return UNKNOWN
    if 0 <= seconds < 0.5:
        return "under 1 s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def large(number: int) -> str:
    """198_800 -> "198,800", 3_870_000 -> "3.9 million"."""
    if number < 1e6:
        return f"{number:,}"
    return f"{number / 1e6:.1f} million" if number < 1e9 else f"{number / 1e9:.2f} billion"


def bytes_in_words(size: float) -> str:
    """3 -> "1 KB", 299_400_000 -> "299 MB", 1_234_500_000 -> "1.2 GB"."""
    if 0 < size < 999_500:
        return f"{max(1, round(size / 1e3))} KB"
    return f"{size / 1e6:,.0f} MB" if size < 999_500_000 else f"{size / 1e9:,.1f} GB"
