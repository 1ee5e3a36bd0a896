"""The buttons of a run's page, one row whatever the run does: first what it waits for."""

from __future__ import annotations

import streamlit as st

from core.run_config import RunConfig
from core.runs.history import History
from core.runs.store import Run, Status
from pages.components.run.controls import draw_active_controls, draw_ended_controls, draw_queue_controls
from pages.components.run.manage import delete_button, draw_labels_form, favourite_button
from pages.components.run.status_line import learned_nothing
from pages.components.shell.links import ALL_RUNS, switch_page, try_page
from pages.components.shell.rights import may_change
from pages.components.train.filled_form import open_again


def draw_buttons(run: Run, status: Status, config: RunConfig | None, history: History) -> None:
    """What can be done with the run now, in one row; nothing that this visitor may not do."""
    if status.is_active:
        draw_active_controls(run, config, history)
    elif status.name == "queued":
        draw_queue_controls(run)
    else:
        _draw_ended(run, status, config, history)
    if may_change(run):
        with st.popover("More", icon=":material/more_horiz:", key=f"more {run.id}"):
            draw_labels_form(run)
            with st.container(horizontal=True):
                favourite_button([run])
                if not status.will_change:
                    delete_button([run], then=ALL_RUNS)


def _draw_ended(run: Run, status: Status, config: RunConfig | None, history: History) -> None:
    """A paused run waits to go on, a network that learned nothing for other settings, any other to be tried."""
    is_worthless = learned_nothing(history)
    if status.name == "paused" and config:
        draw_ended_controls(run, status, config, history)
    if run.checkpoint() and not is_worthless:
        _try_button(run, is_first=status.name != "paused")
    if status.name != "paused" and config:
        draw_ended_controls(run, status, config, history)
    if config and st.button(
        "Train again with changes",
        icon=":material/replay:",
        key=f"again {run.id}",
        type="primary" if is_worthless else "secondary",
    ):
        open_again(run)
    if run.checkpoint() and is_worthless:
        _try_button(run, is_first=False)


def _try_button(run: Run, is_first: bool) -> None:
    if st.button(
        "Try it: draw or upload",
        icon=":material/draw:",
        key=f"try {run.id}",
        type="primary" if is_first else "secondary",
    ):
        switch_page(try_page(run.id))
