"""Parts of a page that are drawn again by themselves while something moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

Seen = TypeVar("Seen")


def redrawn(
    look: Callable[[], Seen],
    moves: Callable[[Seen], object],
    draw: Callable[[Seen], object],
    seconds: float,
    at_rest: float | None = None,
) -> bool:
    """Draws what `look` gives, again every so many seconds while it `moves` (something true), and more rarely `at_rest`, or then
    no more. When what `moves` gives becomes another, the whole page is drawn once more: the timer is another, and more may be.

    Returns whether it moves.
    """
    seen = look()
    before = moves(seen)

    def again() -> None:
        now = look()
        if moves(now) != before:
            st.rerun()
        draw(now)

    st.fragment(again, run_every=seconds if before else at_rest)()
    return bool(before)
