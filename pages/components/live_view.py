"""The part of a run's page that moves: status, progress and curves, drawn anew every second while the run is active."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.runs.history import History
from core.runs.store import Run, Status
from pages.components.classifiers import warm_up
from pages.components.histories import SharedHistory, shared_history
from pages.components.live_plot import Curve, live_plot
from pages.components.phases import meaning, progress_facts, progress_words
from pages.components.run_controls import draw_active_controls, draw_queue_controls
from pages.components.wording import STATUS_COLOURS, decimal, facts, plain_markdown

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
    _notices(history)
    if history.started and (history.last_step or status.is_active):
        _curves(run, shared)


def _notices(history: History) -> None:
    """What a person should know, quietly; what was said in an earlier session too is said once."""
    said = dict.fromkeys(str(notice.get("message", "")) for notice in reversed(list(history.notices)))
    for message in list(said)[:NOTICES]:
        st.caption(f":material/info: {plain_markdown(message)}")


def _curves(run: Run, shared: SharedHistory) -> None:
    loss, accuracy = st.columns(2, gap="medium")
    with loss:
        logarithmic = st.session_state.get(f"log {run.id}", False)
        live_plot(
            lambda: loss_curves(shared),
            once=shared.once,
            key=f"loss {run.id}",
            title="Loss",
            view=run.id,
            best=best_point(shared.history, "val/loss"),
            marks=learning_rate_marks(shared.history),
            logarithmic=logarithmic,
        )
    with accuracy:
        live_plot(
            lambda: accuracy_curves(shared),
            once=shared.once,
            key=f"accuracy {run.id}",
            title="Accuracy",
            view=run.id,
            best=best_point(shared.history, "val/accuracy"),
            y_format=".0%",
            limits=(0, 1),
        )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("Drag across a chart to zoom in, double-click to see all of it. The star marks the best epoch.")
        st.toggle("Logarithmic loss", key=f"log {run.id}", help="Shows small differences late in a training.")


def loss_curves(shared: SharedHistory) -> list[Curve]:
    """Train loss of each step and val loss of each epoch, over epochs."""
    steps, losses = shared.step_curve()
    per_epoch = max(1, shared.history.started["steps_per_epoch"])
    x, y, best = _epoch_points(shared.history, "val/loss")
    return [
        Curve("train", steps / per_epoch, losses, colour=0),
        Curve("val", x, y, colour=1, markers=True, keep=best),
    ]


def accuracy_curves(shared: SharedHistory) -> list[Curve]:
    """Train and val accuracy of each epoch."""
    x, train, _ = _epoch_points(shared.history, "train/accuracy")
    x, val, best = _epoch_points(shared.history, "val/accuracy")
    return [
        Curve("train", x, train, colour=0, markers=True, keep=best),
        Curve("val", x, val, colour=1, markers=True, keep=best),
    ]


def best_point(history: History, name: str) -> tuple[float, float] | None:
    """(epoch, value) of the best epoch, if its value is a number."""
    x, y, best = _epoch_points(history, name)
    return (float(x[best[0]]), float(y[best[0]])) if best and np.isfinite(y[best[0]]) else None


def learning_rate_marks(history: History) -> list[tuple[float, str]]:
    """(epoch, words) where someone changed the learning rate."""
    per_epoch = max(1, history.started["steps_per_epoch"])
    return [
        (event["step"] / per_epoch, f"learning rate {decimal(event['learning_rate'])}")
        for event in list(history.learning_rates)
        if event.get("learning_rate")
    ]


def _epoch_points(history: History, name: str) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    epochs = list(history.epochs)
    x = np.array([epoch["epoch"] for epoch in epochs], dtype=float)
    y = np.array([np.nan if epoch.get(name) is None else epoch[name] for epoch in epochs], dtype=float)
    best = max((index for index, epoch in enumerate(epochs) if epoch.get("best")), default=None)
    return x, y, () if best is None else (best,)
