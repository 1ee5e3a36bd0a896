"""An experiment: its curves over each other and the result against the setting, live; what to do with it; its runs in tables,
with what is special about each, and the groups over their seeds."""

from __future__ import annotations

import statistics
from dataclasses import replace
from html import escape

import streamlit as st

from core.experiments.results import SEED, groups
from core.paths import runs_folder
from core.runs.metrics import BY_NAME
from core.runs.queue import withdraw
from core.runs.store import Run
from core.runs.summary import Summary
from core.text.numbers import UNKNOWN, fitting, percent
from pages.components.charts.compare_entry import compared_chart, swatch
from pages.components.charts.view_controls import one_of
from pages.components.runs.result_chart import draw_result_chart
from pages.components.shell.compared import MOST
from pages.components.shell.fences import ONE, fenced
from pages.components.shell.html_parts import html_table, table_row
from pages.components.shell.links import anchor, compare_page, form_page, run_page, switch_page, try_page
from pages.components.shell.number_words import count, duration, plain_markdown, test_words
from pages.components.shell.rights import may_change
from pages.components.shell.widgets import pressed, redrawn
from pages.components.train.experiments import Experiment, experiment, experiments

REFRESH_SECONDS = 1.0
HEIGHT = 300  # pixels of a chart: two of them, and the table's first rows, fit a projector
NAMED, LETTERS = 6, 40  # curves whose names have room above them; the table shows the colours of more
METRICS = {name: BY_NAME[name].title.capitalize() for name in ("val/accuracy", "val/loss")}  # that results are kept of


def draw_experiment(name: str) -> None:
    """Refreshes every second while any of its runs waits or trains."""
    redrawn(
        lambda: experiment(name, experiments().get(name, [])),
        lambda shown: bool(shown.moving),
        _fenced,
        REFRESH_SECONDS,
    )


def _fenced(shown: Experiment) -> None:
    with fenced(ONE):
        _draw(shown)


def _draw(shown: Experiment) -> None:
    best = shown.best()
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="experiment-top"
    ):
        st.title(plain_markdown(shown.name), width="content")
        _actions(shown, best)
    st.progress(_progress(shown), text=plain_markdown(said(shown, best)))
    left, right = st.columns(2, gap="medium")
    with left:
        metric = one_of("Curve", "metric", METRICS, label_visibility="collapsed")
    with right:
        titles = {setting.path: setting.title for setting in shown.settings}
        against = (
            one_of("Against", "against", titles, label_visibility="collapsed")
            if len(titles) > 1
            else next(iter(titles), "")
        )
    is_loss = metric.endswith("loss")
    left, right = st.columns(2, gap="medium")
    with left, fenced(ONE):
        _curves(shown, metric, is_loss)
    with right, fenced(ONE):
        setting = next((setting for setting in shown.settings if setting.path == against), None)
        if setting:
            results = [run.val_loss for run in shown.runs] if is_loss else [run.val_accuracy for run in shown.runs]
            draw_result_chart(
                shown, setting, results, is_loss=is_loss, title=f"{METRICS[metric]}, best epoch", height=HEIGHT
            )
    with fenced(ONE):
        st.html(table(shown))
        draw_over_seeds(shown)


def _progress(shown: Experiment) -> float:
    parts = [run.progress if run in shown.moving else 1.0 for run in shown.runs]
    return sum(parts) / len(parts) if parts else 0.0


def said(shown: Experiment, best: int | None) -> str:
    """ "2 of 3 runs are done. Best so far: Learning rate 0.01, 97.8 % of the validation pictures right."."""
    done = len(shown.runs) - len(shown.moving)
    failed = sum(run.status in ("failed", "interrupted") for run in shown.runs)
    words = f"{done} of {count(len(shown.runs), 'run')} {fitting(len(shown.runs), 'are')} done"
    words += f", {failed} of them failed." if failed else "."
    if best is not None:
        what = shown.words(best) or shown.entries[best].name
        right = f"{percent(shown.runs[best].val_accuracy)} of the validation pictures right"
        words += f" Best{' so far' if shown.moving else ''}: {what}, {right}."
    return words


def _actions(shown: Experiment, best: int | None) -> None:
    """What can be done with all of it; the same places while it runs and after."""
    with st.container(horizontal=True, width="content", gap="small", key="experiment-actions"):
        _stop_all(shown.moving)
        trained = [run for run in shown.runs if run.epochs]
        if pressed(
            "Compare these", icon=":material/compare_arrows:", key="compare the experiment", disabled=len(trained) < 2
        ):
            ranked = sorted(trained, key=lambda run: -(run.val_accuracy or 0.0))[:MOST]
            switch_page(compare_page(run.id for run in trained if run in ranked))
        if pressed("Again with other values", icon=":material/replay:", key="repeat the experiment"):
            switch_page(form_page("experiment", shown.name))
        can = best is not None and shown.runs[best].has_checkpoint
        if (
            pressed("Try the best one", icon=":material/draw:", type="primary", key="try the best", disabled=not can)
            and best is not None
        ):
            switch_page(try_page(shown.runs[best].id))


def _stop_all(moving: list[Summary]) -> None:
    moving = [entry for entry in moving if may_change(Run(runs_folder() / entry.id))]
    if not moving:
        return
    with st.popover("Stop all", icon=":material/stop_circle:"):
        left = len(moving)
        words = f"{count(left, 'run')} still {fitting(left, 'train')} or {fitting(left, 'wait')}."
        st.markdown(f"{words} What was learned is kept.")
        if pressed("Yes, stop them", type="primary", key="stop the experiment"):
            for entry in moving:
                run = Run(runs_folder() / entry.id)
                if not withdraw(run):
                    run.request_stop()
            st.rerun()


def _curves(shown: Experiment, metric: str, is_loss: bool) -> None:
    """All curves; their names stand above them as long as there is room, and at their colours in the table."""
    begun = [(place, entry) for place, entry in enumerate(shown.entries) if entry.summary.status != "queued"]
    short = {place: shown.short_words(place) for place, _ in begun}
    has_room = len(begun) <= NAMED and len("".join(short.values())) <= LETTERS
    compared_chart(
        [replace(entry, name=short[place]) if has_room else entry for place, entry in begun],
        metric,
        key=f"curves {shown.name}",
        title="Loss" if is_loss else "Accuracy",
        view=f"{shown.name} {metric}",
        has_legend=has_room,
        height=HEIGHT,
    )


def table(shown: Experiment) -> str:
    """HTML: a row for each run; the best stands out."""
    best = max((run.val_accuracy for run in shown.runs if run.val_accuracy is not None), default=None)
    head = ["Run", *(setting.title for setting in shown.varied)]
    head += ["Validation, best epoch", "Test", "Epochs", "Status", "Time"]
    rows = []
    for place, entry in enumerate(shown.entries):
        run = entry.summary
        star = " ★" if best is not None and run.val_accuracy == best else ""
        cells = [setting.in_words(place) for setting in shown.varied]
        cells += [
            percent(run.val_accuracy) + star,
            test_words(run),
            f"{run.epochs:,} of {run.planned:,}",
            run.status,
            duration(run.seconds),
        ]
        link = swatch(entry) + anchor(run_page(run.id), run.title)
        rows.append(table_row(link, cells, "best" if star else ""))
    return html_table(head, rows)


def draw_over_seeds(shown: Experiment) -> None:
    """Means and spreads, the best first; only where there are several seeds."""
    if SEED not in {setting.path for setting in shown.varied}:
        return
    found = groups(shown.varied, [run.val_accuracy for run in shown.runs])
    if all(len(group.results) < 2 for group in found):
        return
    st.header("Over the seeds")
    others = [setting for setting in shown.varied if setting.path != SEED]
    rows = []
    for group in sorted(found, key=lambda group: -group.mean):
        words = ", ".join(f"{setting.title} {setting.in_words(group.places[0])}" for setting in others) or "all runs"
        spread = f"± {statistics.stdev(group.results) * 100:.2f}" if len(group.results) > 1 else UNKNOWN
        rows.append(table_row(escape(words), (percent(group.mean, 2), spread, len(group.results))))
    st.html(html_table(["Settings", "Mean validation accuracy", "Spread", "Runs"], rows))
