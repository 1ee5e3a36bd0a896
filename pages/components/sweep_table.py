"""An experiment: its runs in a table that fills while they train, and what the settings did to the result."""

from __future__ import annotations

import statistics
from collections import defaultdict
from html import escape

import streamlit as st

from core.compare import Setting, differences
from core.config import RunConfig
from core.runs.queue import withdraw
from core.runs.summary import Summary
from pages.components.describe import read_config
from pages.components.links import anchor
from pages.components.parallel import parallel
from pages.components.rights import may_change
from pages.components.setting_words import on_axis, setting_words
from pages.components.summaries import run_of, summaries
from pages.components.wording import NOT_YET, count, duration, percent

REFRESH_SECONDS = 1.0
MOVING = ("queued", "starting", "running")
SEED = "training.seed"


def experiments() -> dict[str, list[Summary]]:
    """Name -> its runs, those with the newest run first."""
    found: dict[str, list[Summary]] = {}
    for run in summaries():
        if run.experiment:
            found.setdefault(run.experiment, []).append(run)
    return found


def draw_experiment(name: str) -> None:
    """Refreshes every second while any of its runs waits or trains."""
    moves = any(run.status in MOVING for run in experiments().get(name, []))
    st.fragment(_draw, run_every=REFRESH_SECONDS if moves else None)(name, moves)


def _draw(name: str, did_move: bool) -> None:
    runs = sorted(experiments().get(name, []), key=lambda run: (run.created, run.id))
    moving = [run for run in runs if run.status in MOVING]
    if did_move and not moving:
        st.rerun()
    ended = len(runs) - len(moving)
    st.progress(ended / max(1, len(runs)), text=f"{ended} of {count(len(runs), 'run')} have ended")
    if moving:
        _stop_all(moving)
    pairs = [(run, config) for run in runs if (config := read_config(run_of(run.id))[0])]
    varied = differences([config for _, config in pairs]) if len(pairs) > 1 else []
    best = max((run.val_accuracy for run in runs if run.val_accuracy is not None), default=None)
    st.html(table([run for run, _ in pairs], varied, best))
    _over_seeds(pairs, varied)
    _parallel(name, pairs, varied)


def table(runs: list[Summary], varied: list[Setting], best: float | None) -> str:
    """HTML: a row for each run with what is special about it; the best stands out."""
    head = [
        "Run",
        *(setting.title for setting in varied),
        "Best val accuracy",
        "Test accuracy",
        "Progress",
        "Status",
        "Time",
    ]
    rows = []
    for place, run in enumerate(runs):
        cells = [setting_words(setting, place) for setting in varied]
        star = " ★" if best is not None and run.val_accuracy == best else ""
        cells += [
            percent(run.val_accuracy) + star,
            percent(run.test_accuracy),
            f"{run.progress:.0%}" if run.status != "queued" else NOT_YET,
            run.status,
            duration(run.seconds),
        ]
        link = anchor("run", run.title, run=run.id)
        row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f'<tr{" class=best" if star else ""}><th scope="row">{link}</th>{row}</tr>')
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "".join(rows)
    return (
        f'<div class="frame"><table class="table"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _stop_all(moving: list[Summary]) -> None:
    moving = [entry for entry in moving if may_change(run_of(entry.id))]
    if not moving:
        return
    with st.popover("Stop all", icon=":material/stop_circle:"):
        st.markdown(f"{count(len(moving), 'run')} still train or wait. What was learned is kept.")
        if st.button("Yes, stop them", type="primary", key="stop the experiment"):
            for entry in moving:
                run = run_of(entry.id)
                if not withdraw(run):
                    run.request_stop()
            st.rerun()


def by_settings(pairs: list[tuple[Summary, RunConfig]], varied: list[Setting]) -> list[tuple[str, list[float]]]:
    """What differs besides the seed, in words, and the best val accuracies of its runs; only with several seeds."""
    groups: dict[str, list[float]] = defaultdict(list)
    others = [setting for setting in varied if setting.path != SEED]
    for place, (run, _) in enumerate(pairs):
        if run.val_accuracy is not None:
            words = ", ".join(f"{setting.title} {setting_words(setting, place)}" for setting in others)
            groups[words or "all runs"].append(run.val_accuracy)
    return list(groups.items()) if any(len(values) > 1 for values in groups.values()) else []


def _over_seeds(pairs: list[tuple[Summary, RunConfig]], varied: list[Setting]) -> None:
    if SEED not in {setting.path for setting in varied} or not (groups := by_settings(pairs, varied)):
        return
    st.subheader("Over the seeds")
    rows = "".join(
        f'<tr><th scope="row">{escape(words)}</th><td>{percent(statistics.mean(values), 2)}</td>'
        f"<td>{f'± {statistics.stdev(values) * 100:.2f}' if len(values) > 1 else NOT_YET}</td><td>{len(values)}</td></tr>"
        for words, values in sorted(groups, key=lambda group: -statistics.mean(group[1]))
    )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Settings", "Mean val accuracy", "Spread", "Runs"))
    st.html(
        f'<div class="frame"><table class="table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _parallel(name: str, pairs: list[tuple[Summary, RunConfig]], varied: list[Setting]) -> None:
    done = [place for place, (run, _) in enumerate(pairs) if run.val_accuracy is not None]
    if len(done) < 2 or not varied:
        return
    st.subheader("What the settings did")
    axes = [(setting.title, [on_axis(setting, place) for place in done]) for setting in varied]
    axes.append(("Best val accuracy, %", [round((pairs[place][0].val_accuracy or 0.0) * 100, 2) for place in done]))
    parallel(axes, key=f"parallel {name}", title="Settings of the runs and their best val accuracy")
    st.caption("A line is a run; lighter or darker shows how good it was. Drag along an axis to pick out some of them.")
