"""The part of a run's page that moves: status, progress and curves, drawn anew every second while the run is active."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import streamlit as st

from core.errors import TrainDeskError
from core.paths import data_folder, runs_folder
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metrics import ACCURACY, LOSS, more_charts
from core.runs.placement import placement_of
from core.runs.store import Run, Status
from pages.components.charts.curves import Axis, best_point, chart_curves, marks, usual_loss
from pages.components.charts.live_plot import live_plot
from pages.components.charts.view_controls import Options, draw_options
from pages.components.run.coach_view import draw_coach
from pages.components.run.heading import draw_buttons, draw_heading
from pages.components.run.phases import announcement, status_line, what_curves_wait_for
from pages.components.run.playback import draw_steps, waits_after
from pages.components.run.resuming import draw_problem
from pages.components.run.take_view import jump_to_taking
from pages.components.shell.announce import announce
from pages.components.shell.classifiers import warm_up
from pages.components.shell.fences import with_run_fence
from pages.components.shell.header import icon_only, wake_desk
from pages.components.shell.histories import SharedHistory, changed_at, shared_history
from pages.components.shell.links import is_presenting
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import plain_markdown, rows_of
from pages.components.shell.widgets import redrawn

REFRESH_SECONDS = 1.0
REFRESH_SECONDS_AT_REST = 5.0  # of a run that ended: another visitor may go on with it
NOTICES = 3  # shown at a time, the latest


def draw_live_view(run: Run, config: RunConfig | None, damage: str) -> bool:
    """Draws the first screen of a run: name and buttons, one line of what it does, curves, and a line of the coach.

    All of it keeps its place from the queue to the end. `damage` says what is wrong with the config, if it cannot be read.
    Returns whether the run is still on its way to an end.
    """
    return redrawn(
        run.status,
        partial(_stage, run),
        lambda status: _draw(run, config, damage, status),
        REFRESH_SECONDS,
        REFRESH_SECONDS_AT_REST,
        stands=lambda: changed_at(run.event_log),
    )


def _stage(run: Run, status: Status) -> int:
    """Another one when the rest of the page has more to show: a run has begun and said what its network is, or has ended, or
    someone else resumed it. 0: it is at rest."""
    if not status.will_change:
        return 0
    return 1 + (shared_history(run).history.started is not None) + run.network.exists()


@with_run_fence("live")
def _draw(run: Run, config: RunConfig | None, damage: str, status: Status) -> None:
    shared = shared_history(run)
    history = shared.history
    if status.will_change and placement_of(run.folder).is_elsewhere:
        with contextlib.suppress(TrainDeskError):  # it shows in what the status says
            wake_desk(str(runs_folder()), str(data_folder()))
    with st.container(key="first-screen", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="top"):
            with st.container(gap=None, key="name"):
                draw_heading(run, config)
            with st.container(horizontal=True, width="content", gap="xsmall", key="buttons"):
                draw_buttons(run, status, config, history)
        # one place, whatever is said: what is below must stay the same elements
        with st.container(key=f"problems-{run.id}"):
            draw_problem(run)
            if damage:
                show_error(damage)
        has_curves = status.will_change or history.last_step is not None
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="now"):
            with shared.lock:  # another visitor may be reading on
                st.html(status_line(run, status, history, config is not None and waits_after(run, config, history)))
            if config and status.is_active:
                draw_steps(run, config)
            if run.checkpoint() and not is_presenting():
                jump_to_taking()
            if has_curves:
                with icon_only("curves"), st.popover("Chart options", icon=":material/tune:", type="tertiary"):
                    options = draw_options()
        if has_curves:
            _curves(run, shared, options)
        draw_coach(run, status, config, history)
        with st.container(key="announce-run"):
            announce(announcement(run, status, history), f"announce {run.id}")
        with st.container(key=f"said-{run.id}"):
            _notices(history)
            if has_curves and options.more:
                _more_curves(run, shared, options)
    if status.is_active and history.epochs:  # not earlier: it would compete with the start of the training
        warm_up()


def _notices(history: History) -> None:
    """What a person should know, quietly; what was said in an earlier session too is said once."""
    said = dict.fromkeys(str(notice.get("message", "")) for notice in reversed(list(history.notices)))
    for message in list(said)[:NOTICES]:
        st.caption(f":material/info: {plain_markdown(message)}")


def _curves(run: Run, shared: SharedHistory, options: Options) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        of_loss = {"logarithmic": options.is_logarithmic, "usual": usual_loss(shared.history)}
        _chart(run, shared, options, LOSS, best="val/loss", **of_loss)
    with right:
        _chart(run, shared, options, ACCURACY, best="val/accuracy", is_share=True)


def _more_curves(run: Run, shared: SharedHistory, options: Options) -> None:
    for row in rows_of(more_charts(), 2):
        for column, chart in zip(st.columns(2, gap="small"), row, strict=False):
            with column:
                _chart(run, shared, options, chart, height=240, from_zero=True)


def _chart(run: Run, shared: SharedHistory, options: Options, chart: str, best: str = "", **more: Any) -> None:
    """`best` is the metric whose best epoch is marked, with what happened on the way."""
    history = shared.history
    axis = Axis(options.axis.name, history.elapsed() or 0.0)
    marked = {"best": best_point(history, best, axis), "marks": marks(history, axis)} if best else {}
    live_plot(
        lambda: chart_curves(history, chart, axis, options.smoothing),
        key=f"{chart.lower()} {run.id}",
        title=chart,
        once=shared.once,
        view=f"{run.id} {axis.name} {options.smoothing}",
        x_title=axis.title(),
        waiting=what_curves_wait_for(run.status(), history),
        **{"height": None, **marked, **more},
    )
