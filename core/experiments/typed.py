"""Numbers as people type them: the comma of 1,024 is not that of 0,5, and that of 16,32 stands between two numbers.

A text falls into tokens at blanks, semicolons and commas with a blank behind. What the commas inside a token are, the token
often tells by itself (1,024 is no list, as nobody writes 024), or another token tells; else a person is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Sign = Literal["thousands", "decimals", "between"]  # what the commas inside a token are
SIGNS: tuple[Sign, ...] = ("thousands", "decimals", "between")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_LIST = re.compile(rf"{_NUMBER}(?:,{_NUMBER})+")
_PADDED = re.compile(r"(?:^|,)[-+]?0\d")  # a number of a list does not begin with a 0 before other digits
_GROUPS = re.compile(r"(?<=\d)[’'_\u00a0\u202f](?=\d{3}(?!\d))")  # 1'024, 1_024, and blanks that do not break a line


class Reading(NamedTuple):
    """One way to read all tokens: what their commas are, and the numbers of each token."""

    sign: Sign | None
    numbers: list[list[float]]


def tokens(text: str) -> list[str]:
    """The pieces of a list; a comma inside a piece has digits on both sides."""
    return [token for piece in re.split(r",?[;\s]+", _GROUPS.sub("", text)) if (token := piece.strip(","))]


def readings(found: Sequence[str], whole: bool, single: bool) -> list[Reading]:
    """All ways to read these tokens, at least one. `whole`: they are whole numbers; `single`: a token is one number if it can be.

    Raises ValueError with the token that is no number.
    """
    possible = [_signs(token, whole, single) for token in found]
    settled = {signs[0] for signs in possible if len(signs) == 1}
    for place, signs in enumerate(possible):
        if len(signs) > 1 and len(said := [sign for sign in signs if sign in settled]) == 1:
            possible[place] = said  # what is certain of one holds for all
    doubtful = [signs for signs in possible if len(signs) > 1]
    common: list[Sign | None] = (
        [sign for sign in SIGNS if all(sign in signs for signs in doubtful)] if doubtful else [None]
    )
    if not common:
        raise ValueError(next(token for token, signs in zip(found, possible, strict=True) if len(signs) > 1))
    return [
        Reading(
            sign,
            [
                _numbers(token, signs[0] if len(signs) == 1 else sign if signs else None)
                for token, signs in zip(found, possible, strict=True)
            ],
        )
        for sign in common
    ]


def _signs(token: str, whole: bool, single: bool) -> list[Sign]:
    """What the commas of a token can be; nothing when it has none, or when they make no sense."""
    can: list[Sign] = []
    if _THOUSANDS.fullmatch(token):
        can.append("thousands")
    if not whole and _DECIMAL.fullmatch(token):
        can.append("decimals")
    if not (single and can) and _LIST.fullmatch(token) and not _PADDED.search(token):
        can.append("between")
    return can


def _numbers(token: str, sign: Sign | None) -> list[float]:
    """The numbers of a token whose commas are this; None: it has none. Raises ValueError with the token."""
    try:
        if sign == "thousands":
            found = [float(token.replace(",", ""))]
        elif sign == "decimals":
            found = [float(token.replace(",", "."))]
        elif sign == "between":
            found = [float(piece) for piece in token.split(",")]
        else:
            found = [float(token)]
    except ValueError:
        raise ValueError(token) from None
    if not all(map(math.isfinite, found)):
        raise ValueError(token)
    return found
