"""The part of a run's page that moves: status, progress and curves, drawn anew every second while the run is active."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import streamlit as st

from core.runs.history import History
from core.runs.store import Run, Status
from pages.components.classifiers import warm_up
from pages.components.histories import SharedHistory, shared_history
from pages.components.live_plot import Curve, live_plot
from pages.components.wording import STATUS_COLOURS, device_in_words, duration, facts, megabytes, plain_markdown

REFRESH_SECONDS = 1.0
MEANINGS = {
    "starting": "The training process is loading.",
    "running": "Training.",
    "finished": "All epochs are done.",
    "stopped": "Stopped on request. The best and the last checkpoint are kept.",
}


def draw_live_view(run: Run, draw_ended: Callable[[], None]) -> bool:
    """Draws status, progress and curves until the run ends, then `draw_ended` in place of the progress.

    Returns whether the run is still active.
    """
    active = run.status().is_active
    st.fragment(_draw, run_every=REFRESH_SECONDS if active else None)(run, active, draw_ended)
    return active


def _draw(run: Run, was_active: bool, draw_ended: Callable[[], None]) -> None:
    status = run.status()
    if was_active and not status.is_active:
        st.rerun()  # the whole page once more, without the timer: results appear
    shared = shared_history(run)
    history = shared.history
    _status_line(run, status, bool(history.download))
    if status.is_active:
        _progress(run, history)
        if history.epochs:  # not earlier: it would compete with the start of the training
            warm_up()
    else:
        draw_ended()
    if history.started and (history.last_step or status.is_active):
        _curves(run, shared)


def _status_line(run: Run, status: Status, is_downloading: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(status.name, color=STATUS_COLOURS[status.name])
        text = status.reason or MEANINGS.get(status.name, "")
        if status.name == "starting" and is_downloading:
            text = "Fetching the pictures first; this is needed only once."
        if status.is_active and run.stop_request.exists():
            text = "Stopping after the current step. The best and the last checkpoint are kept."
        st.markdown(plain_markdown(text))


def _progress(run: Run, history: History) -> None:
    share, text = progress_words(history)
    st.progress(share, text=text)
    st.html(facts(progress_facts(history)))
    stopping = run.stop_request.exists()
    st.button(
        "Stopping ..." if stopping else "Stop",
        key=f"stop {run.id}",
        icon=":material/stop_circle:",
        disabled=stopping,
        on_click=run.request_stop,
        help="Ends the training after the current step. The best and the last checkpoint are kept and can be tried.",
    )


def progress_words(history: History) -> tuple[float, str]:
    """Share done (0..1) and the line beside the bar, whatever the run is doing."""
    if history.started:
        share = history.progress()
        return share, f"{share:.0%} of the training done"
    if history.download:
        done, total = history.download.get("done_bytes", 0), history.download.get("total_bytes", 0)
        share = min(1.0, done / total) if total else 0.0
        return share, f"Downloading the dataset: {megabytes(done)} of {megabytes(total)}"
    return 0.0, "Starting: loading the training program and the pictures takes a few seconds."


def progress_facts(history: History) -> list[tuple[str, str, str]]:
    """Always the same five, so that the page does not jump when numbers arrive."""
    started, step = history.started, history.last_step
    number = f"{step['epoch']:,} of {started['epochs']:,}" if started and step else "-"
    steps = f"{step['step']:,} of {started['total_steps']:,}" if started and step else "-"
    pace = images_per_second(history)
    elapsed = time.time() - started["time"] if started else None
    device = device_in_words(started) if started else ""
    return [
        ("Epoch", number, ""),
        ("Step", steps, ""),
        ("Images per second", f"{pace:,.0f}" if pace else "-", f"on {device}" if device else ""),
        ("Time so far", duration(elapsed), ""),
        ("Time left", duration(history.seconds_left()), ""),
    ]


def images_per_second(history: History) -> float | None:
    """Average since the start: the pace of single steps jumps too much to be read."""
    if not (history.started and history.last_step):
        return None
    elapsed = history.last_step["time"] - history.started["time"]
    images = history.last_step["step"] / max(1, history.started["steps_per_epoch"]) * history.started["train_images"]
    return images / elapsed if elapsed > 0 else None


def _curves(run: Run, shared: SharedHistory) -> None:
    loss, accuracy = st.columns(2, gap="medium")
    with loss:
        logarithmic = st.session_state.get(f"log {run.id}", False)
        curves, best = loss_curves(shared)
        live_plot(curves, key=f"loss {run.id}", title="Loss", view=run.id, best=best, logarithmic=logarithmic)
    with accuracy:
        curves, best = accuracy_curves(shared)
        live_plot(
            curves, key=f"accuracy {run.id}", title="Accuracy", view=run.id, best=best, y_format=".0%", limits=(0, 1)
        )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("Drag across a chart to zoom in, double-click to see all of it. The star marks the best epoch.")
        st.toggle("Logarithmic loss", key=f"log {run.id}", help="Shows small differences late in a training.")


def loss_curves(shared: SharedHistory) -> tuple[list[Curve], tuple[float, float] | None]:
    """Train loss of each step and val loss of each epoch over epochs, and the best epoch's point."""
    steps, losses = shared.step_curve()
    per_epoch = max(1, shared.history.started["steps_per_epoch"])
    x, y, best = _epoch_points(shared.history, "val/loss")
    curves = [
        Curve("train", steps / per_epoch, losses, colour=0),
        Curve("val", x, y, colour=1, markers=True, keep=best),
    ]
    return curves, _point(x, y, best)


def accuracy_curves(shared: SharedHistory) -> tuple[list[Curve], tuple[float, float] | None]:
    """Train and val accuracy of each epoch, and the best epoch's point."""
    x, train, _ = _epoch_points(shared.history, "train/accuracy")
    x, val, best = _epoch_points(shared.history, "val/accuracy")
    curves = [
        Curve("train", x, train, colour=0, markers=True, keep=best),
        Curve("val", x, val, colour=1, markers=True, keep=best),
    ]
    return curves, _point(x, val, best)


def _epoch_points(history: History, name: str) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    epochs = list(history.epochs)
    x = np.array([epoch["epoch"] for epoch in epochs], dtype=float)
    y = np.array([np.nan if epoch.get(name) is None else epoch[name] for epoch in epochs], dtype=float)
    best = max((index for index, epoch in enumerate(epochs) if epoch.get("best")), default=None)
    return x, y, () if best is None else (best,)


def _point(x: np.ndarray, y: np.ndarray, best: tuple[int, ...]) -> tuple[float, float] | None:
    return (float(x[best[0]]), float(y[best[0]])) if best and np.isfinite(y[best[0]]) else None
