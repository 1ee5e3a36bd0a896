"""What is being trained now and what waits, for the list of runs."""

from __future__ import annotations

import streamlit as st

from core.paths import runs_folder
from core.runs.active_runs import active_runs
from core.runs.disk import disk_problem
from core.runs.metadata import read_metadata
from core.runs.store import Run
from core.workers.queue_estimates import Wait
from pages.components.run.controls import draw_active_controls, draw_queue_controls
from pages.components.run.elsewhere import draw_computer
from pages.components.run.phases import is_downloading, progress_words, waits_for
from pages.components.run.resuming import draw_problem
from pages.components.shell.fences import run_fence
from pages.components.shell.histories import expected, shared_history, summary
from pages.components.shell.links import run_page, title_link
from pages.components.shell.number_words import STATUS_COLOURS, about, duration, plain_markdown
from pages.components.shell.rights import may_change, read_only_words, visitor
from pages.components.shell.setting_words import read_config
from pages.components.shell.widgets import paged, redrawn

SHOWN = 20  # runs that wait, at a time
REFRESH_SECONDS = 1.0
REFRESH_SECONDS_AT_REST = 5.0  # of what waits, and when nothing trains: another visitor may start something


def draw_now_and_waiting() -> None:
    """Runs at work, drawn anew every second, and the queue, more rarely; the page around them when one begins or ends."""
    folder = runs_folder()
    redrawn(
        lambda: active_runs(folder),
        set,
        _draw_now,
        REFRESH_SECONDS,
        REFRESH_SECONDS_AT_REST,
        shared=f"runs at work in {folder}",
    )
    redrawn(
        lambda: expected(folder),
        lambda queue: {wait.run for wait in queue},
        _draw_waiting,
        REFRESH_SECONDS_AT_REST,
        REFRESH_SECONDS_AT_REST,
        shared=f"the queue of {folder}",
    )


def _draw_now(active: list[Run]) -> None:
    if active:
        st.header("Now")
        for run in active:
            with run_fence(run, "now"):
                _active_row(run)


def _draw_waiting(queue: list[Wait]) -> None:
    if queue:
        st.header(f"Waiting ({len(queue):,})" if len(queue) > SHOWN else "Waiting")
        if problem := disk_problem(runs_folder()):
            st.caption(f":orange[:material/warning:] {plain_markdown(problem)}")
        first = paged(len(queue), SHOWN, "waiting")
        for place, wait in enumerate(queue[first : first + SHOWN], first):
            with run_fence(wait.run, "waiting"):
                _waiting_row(place, wait, len(queue))


def _active_row(run: Run) -> None:
    status, shared = run.status(), shared_history(run)
    with st.container(border=True, key=f"now {run.id}", gap="xsmall"):
        left, right = st.columns([5, 4], vertical_alignment="center")
        with left, st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _link(run)
            st.badge(status.name, color=STATUS_COLOURS[status.name])
            draw_computer(run)
            with shared.lock:
                share, words = progress_words(status, shared.history)
                left = shared.history.seconds_left()
                if left is not None and not is_downloading(shared.history):
                    words = f"{words}, {duration(left)} left"
            st.caption(words)
        with right, st.container(horizontal=True, vertical_alignment="center", gap="small"):
            draw_active_controls(run, read_config(run)[0], shared.history)
        if not may_change(run):
            st.caption(read_only_words(run))
        st.progress(share)
        draw_problem(run)


def _waiting_row(place: int, wait: Wait, waits: int) -> None:
    run = wait.run
    words = "begins next" if place == 0 else f"number {place + 1}"
    if wait.seconds is not None:
        words += f", in about {about(wait.seconds)}" if wait.seconds >= 1 else ", at once"
    if blocked := plain_markdown(waits_for(run)):
        words = blocked.removeprefix(", ")
    if read_metadata(run).owner == visitor():
        words += ", yours"
    with st.container(border=True, key=f"waiting {run.id}", gap="xsmall"):
        left, right = st.columns([4, 5], vertical_alignment="center")
        with left, st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _link(run)
            if not blocked:
                draw_computer(run)
            st.caption(words)
        with right, st.container(horizontal=True, vertical_alignment="center", gap="small"):
            draw_queue_controls(run, (place, waits))
        draw_problem(run)


def _link(run: Run) -> None:
    title_link(run_page(run.id), summary(run).title, "**{}**")
