"""The part of a run's page that moves: status, progress and curves, drawn anew every second while the run is active."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.config import RunConfig
from core.runs.history import History
from core.runs.store import Run, Status
from pages.components.classifiers import warm_up
from pages.components.coach_view import draw_coach
from pages.components.curves import (
    Axis,
    accuracy_curves,
    best_point,
    learning_rate_curves,
    loss_curves,
    marks,
    pace_curves,
)
from pages.components.histories import SharedHistory, shared_history
from pages.components.live_plot import live_plot
from pages.components.phases import meaning, progress_facts, progress_words, what_curves_wait_for
from pages.components.run_controls import draw_active_controls, draw_queue_controls
from pages.components.view_controls import axis_control, log_control, more_control, smoothing_control
from pages.components.wording import STATUS_COLOURS, facts, plain_markdown

REFRESH_SECONDS = 1.0
REFRESH_SECONDS_AT_REST = 5.0  # of a run that ended: another visitor may go on with it
NOTICES = 3  # shown at a time, the latest


def draw_live_view(run: Run, config: RunConfig | None, draw_ended: Callable[[Status], None]) -> bool:
    """Draws status, progress and curves until the run ends, then `draw_ended` in place of the progress.

    Returns whether the run is still on its way to an end.
    """
    moves = run.status().will_change
    st.fragment(_draw, run_every=REFRESH_SECONDS if moves else REFRESH_SECONDS_AT_REST)(run, config, moves, draw_ended)
    return moves


def _draw(run: Run, config: RunConfig | None, did_move: bool, draw_ended: Callable[[Status], None]) -> None:
    status = run.status()
    if did_move != status.will_change:
        st.rerun()  # the whole page once more: results appear and the timer ends, or someone else resumed the run
    shared = shared_history(run)
    history = shared.history
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(status.name, color=STATUS_COLOURS[status.name])
        st.markdown(plain_markdown(meaning(run, status, history)))
    if status.is_active:
        with shared.lock:  # another visitor may be reading on
            share, text = progress_words(status, history)
            numbers = progress_facts(history, time.time())
        st.progress(share, text=text)
        st.html(facts(numbers, small=True))
        draw_active_controls(run, config, history)
        if history.epochs:  # not earlier: it would compete with the start of the training
            warm_up()
    elif status.name == "queued":
        draw_queue_controls(run)
    else:
        draw_ended(status)
    with st.container(
        key=f"said-{run.id}"
    ):  # one place, whatever is said: the charts below must stay the same elements
        _notices(history)
        if config and status.name not in ("queued", "starting"):
            draw_coach(run, status, config, history)
    if history.started and (history.last_step or status.is_active):
        _curves(run, shared, what_curves_wait_for(status, history))


def _notices(history: History) -> None:
    """What a person should know, quietly; what was said in an earlier session too is said once."""
    said = dict.fromkeys(str(notice.get("message", "")) for notice in reversed(list(history.notices)))
    for message in list(said)[:NOTICES]:
        st.caption(f":material/info: {plain_markdown(message)}")


def _curves(run: Run, shared: SharedHistory, waiting: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        axis, smoothing, logarithmic, more = axis_control(), smoothing_control(), log_control(), more_control()
    history = shared.history
    axis = Axis(axis.name, history.elapsed() or 0.0)
    view = f"{run.id} {axis.name}"
    common: dict[str, Any] = {"once": shared.once, "view": view, "x_title": axis.title(), "waiting": waiting}
    left, right = st.columns(2, gap="medium")
    with left:
        live_plot(
            lambda: loss_curves(shared, axis, smoothing),
            key=f"loss {run.id}",
            title="Loss",
            best=best_point(history, "val/loss", axis),
            marks=marks(history, axis),
            logarithmic=logarithmic,
            **{**common, "view": f"{view} {smoothing}"},
        )
    with right:
        live_plot(
            lambda: accuracy_curves(shared, axis, smoothing),
            key=f"accuracy {run.id}",
            title="Accuracy",
            best=best_point(history, "val/accuracy", axis),
            y_format=".0%",
            limits=(0, 1),
            **{**common, "view": f"{view} {smoothing}"},
        )
    if more:
        left, right = st.columns(2, gap="medium")
        with left:
            live_plot(
                lambda: learning_rate_curves(shared, axis),
                key=f"learning rate curve {run.id}",
                title="Learning rate",
                height=240,
                from_zero=True,
                **common,
            )
        with right:
            live_plot(
                lambda: pace_curves(shared, axis, smoothing),
                key=f"pace {run.id}",
                title="Images per second",
                height=240,
                from_zero=True,
                **{**common, "view": f"{view} {smoothing}"},
            )
    st.caption("Drag across a chart to zoom in, double-click to see all of it. The star marks the best epoch.")
