"""Having a worker go on with a run, from whichever button of its page, and what is said then under the row of buttons."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import streamlit as st

from core.errors import TrainDeskError
from core.nodes.registry import HERE
from core.runs.placement import placement_of
from core.runs.store import Run
from core.workers.control import missing_device
from pages.components.shell.messages import attempt, set_problem, show_problem
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.start import go_on

PLACES = ("ask", "learning rate", "resume")  # where a sentence about what could not be done stands


def resume(
    run: Run,
    more_epochs: int = 0,
    rate: Callable[[], float | None] = lambda: None,
    device: str = "",
    computer: str = "",
    note: str = "",
    batch_size: int = 0,
) -> None:
    """Has a worker go on, now or when there is room, and draws the page anew, which is a live one again. Then `note` is said."""
    note = note or ("" if device or computer not in ("", HERE) else device_missing(run))
    if attempt(f"resume {run.id}", lambda: go_on(run, more_epochs, rate(), device, computer, batch_size)):
        for place in PLACES:
            set_problem(f"{place} {run.id}", "")
        set_note(run, note)
    st.rerun()


def set_note(run: Run, note: str) -> None:
    """Keeps a sentence about what was just done with it; "" forgets it."""
    st.session_state[f"note {run.id}"] = note


def draw_problem(run: Run) -> None:
    """What could not be done, or comes of what was, under the row of buttons."""
    show_problem(f"ask {run.id}")
    show_problem(f"resume {run.id}")
    if note := st.session_state.get(f"note {run.id}"):
        st.caption(f":material/info: {plain_markdown(note)}")


def where_it_goes_on(run: Run) -> str:
    """A tip for a button."""
    tip = "Goes on from the last checkpoint." if run.last.is_file() else "Starts anew: there is no checkpoint yet."
    return f"{tip} {device_missing(run)}".strip()


def device_missing(run: Run) -> str:
    """That the device it ran on is not here, as a sentence; "" otherwise, and of a run that another computer has."""
    if placement_of(run.folder).is_elsewhere:
        return ""
    with contextlib.suppress(TrainDeskError):  # its config is damaged, which its page says
        return missing_device(run.config())
    return ""
