"""Numbers as people read them. Every percentage that is shown comes from here."""

from __future__ import annotations

import numpy as np

SIGN = "\u202f%"  # a narrow space that no line is broken at


def percent(share: float | None, decimals: int = 1) -> str:
    """0.9785 -> "97.9 %"; "-" for None. What is not quite all is never shown as 100 %, what is not quite nothing never as 0 %."""
    if share is None:
        return "-"
    smallest = 10.0**-decimals
    if 0 < share * 100 < smallest:
        return f"<{smallest:g}{SIGN}"
    if 100 - smallest < share * 100 < 100:
        return f"{100 - smallest:.{decimals}f}{SIGN}"
    return f"{share * 100:.{decimals}f}{SIGN}"


def decimal(number: float, digits: int = 3) -> str:
    """0.0000321 -> "0.0000321", where Python would write 3.21e-05."""
    return np.format_float_positional(number, precision=digits, fractional=False, trim="-")
