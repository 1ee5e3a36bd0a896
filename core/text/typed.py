"""Text that people and their files give, as it is kept: nothing in it that cannot be seen and changes what is read around it."""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"  # belong to words of some scripts and to many an emoji


def clean(text: str) -> str:
    """Without control characters but tabs and line breaks, without marks of direction and other signs that show nothing."""
    return "".join(sign for sign in text if sign in "\t\n" or _is_seen(sign))


def clean_line(text: str) -> str:
    """The same in one line, with single blanks between its words and none around it."""
    return " ".join(clean(" ".join(text.split())).split())


def _is_seen(sign: str) -> bool:
    """Controls, formats (direction, soft hyphens, tags), halves of characters and private ones are not."""
    return sign in JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co")
