"""The comparison of several runs: a sentence, curves over each other, what they differ in, and what that did."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from core.compare import Difference, Setting, differences, in_words, over_seeds, paired, unpaired
from core.config import RunConfig
from core.paths import runs_folder
from core.runs.history import History
from core.runs.predictions import Predictions, read_predictions
from core.runs.short_log import short_history
from core.runs.store import Run
from core.runs.summary import Summary
from pages.components.colours import chart_colours
from pages.components.compared import names, pick
from pages.components.curves import Axis, epoch_curve, smoothed
from pages.components.describe import read_config
from pages.components.figure import figure
from pages.components.histories import SharedHistory, shared_history
from pages.components.live_plot import Curve, live_plot
from pages.components.parallel import parallel
from pages.components.setting_words import on_axis, setting_words
from pages.components.start import start_digits_button
from pages.components.summaries import summaries
from pages.components.view_controls import axis_control, log_control, metric_control, smoothing_control
from pages.components.wording import count, duration, percent, plain_markdown

REFRESH_SECONDS = 2.0
MOVING = ("queued", "starting", "running")
COLOURS = 6  # of the theme's charts; further runs have other dashes
DASHES = ("solid", "dash", "dot", "dashdot")
METRICS = {
    "val/accuracy": "val accuracy",
    "val/loss": "val loss",
    "train/accuracy": "train accuracy",
    "train/loss": "train loss",
}
RESULTS: dict[str, tuple[str, Callable[[Summary], float | None]]] = {
    "test": ("Test accuracy", lambda run: run.test_accuracy),
    "val": ("Best val accuracy", lambda run: run.val_accuracy),
    "loss": ("Best val loss", lambda run: run.val_loss),
    "seconds": ("Seconds of training", lambda run: run.seconds),
}
SENTENCES = 5  # comparisons that are written out
SEED = "training.seed"


@dataclass(frozen=True)
class Compared:
    """One of the runs."""

    summary: Summary
    name: str
    place: int  # decides its colour
    config: RunConfig | None

    @property
    def run(self) -> Run:
        return Run(runs_folder() / self.summary.id)

    @property
    def colour(self) -> int:
        return self.place % COLOURS

    @property
    def dash(self) -> str:
        return DASHES[self.place // COLOURS % len(DASHES)]


def draw_comparison() -> None:
    """The picker, and below it everything about what is picked; drawn anew while one of them trains."""
    runs = [run for run in summaries() if run.epochs or run.status in MOVING]
    if len(runs) < 2:
        st.markdown("Two runs are needed for a comparison. Train the digits twice, with another learning rate perhaps.")
        start_digits_button("start digits")
        st.page_link("pages/train.py", label="Choose a recipe")
        return
    chosen = pick(runs)
    if not chosen:
        st.markdown("Pick runs here, or tick them on the Runs page and click **Compare**.")
        return
    moves = any(run.status in MOVING for run, _ in chosen)
    st.fragment(_draw, run_every=REFRESH_SECONDS if moves else None)([run.id for run, _ in chosen], chosen, moves)


def _draw(ids: list[str], chosen: list[tuple[Summary, int]], did_move: bool) -> None:
    now = {run.id: run for run in summaries()} if did_move else {run.id: run for run, _ in chosen}
    if did_move and not any(now[run_id].status in MOVING for run_id in ids if run_id in now):
        st.rerun()
    kept = [(now[run.id], place) for run, place in chosen if run.id in now]
    compared = [
        Compared(run, name, place, read_config(Run(runs_folder() / run.id))[0])
        for (run, place), name in zip(kept, names([run for run, _ in kept]), strict=True)
    ]
    known = [entry for entry in compared if entry.config]
    varied = differences([entry.config for entry in known]) if len(known) > 1 else []
    for sentence in sentences(compared, varied):
        st.markdown(sentence)
    _curves(compared)
    _tables(compared, known, varied)
    _what_settings_did(known, varied)


def sentences(compared: list[Compared], varied: list[Setting]) -> list[str]:
    """Markdown: the best against each of the others, with how sure that is; and over seeds where there are several."""
    tested = [entry for entry in compared if entry.summary.test_accuracy is not None]
    if len(tested) < 2:
        return []
    if len({entry.summary.dataset for entry in tested}) > 1:
        return ["They were tested on different pictures, so their accuracies cannot be compared."]
    best = max(tested, key=lambda entry: entry.summary.test_accuracy)
    others = sorted((entry for entry in tested if entry is not best), key=lambda entry: -entry.summary.test_accuracy)
    found = []
    for other in others[:SENTENCES]:
        said = in_words(_difference(other, best), other.name, best.name)
        found.append(plain_markdown(said) + _differ_in(other, best))
    if len(others) > SENTENCES:
        found.append(f"{count(len(others) - SENTENCES, 'more run')} did worse than these.")
    return found + _over_seeds(tested, varied)


def _difference(first: Compared, second: Compared) -> Difference:
    """On the very same pictures, one by one, where both runs kept what they said of them."""
    one, two = _said(first), _said(second)
    if one is not None and two is not None and np.array_equal(one.rows, two.rows):
        return paired(one.right, two.right)
    images = 1
    for entry in (first, second):
        images = int((_history(entry.run).test or {}).get("images", 0)) or images
    return unpaired(first.summary.test_accuracy, second.summary.test_accuracy, images, images)


def _said(entry: Compared) -> Predictions | None:
    return _read_said(str(entry.run.folder), entry.summary.test_accuracy)


@st.cache_data(max_entries=100, show_spinner=False)
def _read_said(folder: str, _changes_with: float | None) -> Predictions | None:
    from pathlib import Path

    return read_predictions(Run(Path(folder)), "test")


def _differ_in(first: Compared, second: Compared) -> str:
    if not (first.config and second.config):
        return ""
    titles = list(dict.fromkeys(setting.title.lower() for setting in differences([first.config, second.config])))
    if not titles:
        return " They have the same settings."
    return f" They differ in {plain_markdown(_listed(titles))}."


def _listed(words: list[str], most: int = 5) -> str:
    if len(words) > most:
        return ", ".join(words[:most]) + f" and {len(words) - most} more settings"
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def _over_seeds(tested: list[Compared], varied: list[Setting]) -> list[str]:
    """Groups that differ in more than the seed, each trained with several."""
    if SEED not in {setting.path for setting in varied}:
        return []
    groups: dict[str, list[Compared]] = defaultdict(list)
    for entry in tested:
        if entry.config:
            data = entry.config.to_dict()
            data["training"] = {**data["training"], "seed": 0}
            groups[repr({**data, "title": "", "experiment": "", "recipe": ""})].append(entry)
    several = [members for members in groups.values() if len(members) > 1]
    found = []
    for one, two in itertools.islice(itertools.combinations(several, 2), SENTENCES):
        accuracies = [[entry.summary.test_accuracy for entry in members] for members in (one, two)]
        images = int((_history(one[0].run).test or {}).get("images", 0))
        said = in_words(over_seeds(*accuracies, images), f"{one[0].name} and its seeds", f"{two[0].name} and its seeds")
        found.append(f"Over {len(one)} and {len(two)} seeds: {plain_markdown(said)}")
    return found


def _curves(compared: list[Compared]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = metric_control(METRICS)
        axis, smoothing = axis_control(), smoothing_control()
        logarithmic = log_control() if metric.endswith("loss") else False
    accuracy = metric.endswith("accuracy")
    histories = [_history(entry.run) for entry in compared]
    seconds = max((history.elapsed() or 0.0 for history in histories), default=0.0)
    axis = Axis(axis.name, seconds)
    live_plot(
        lambda: [
            curve_of(entry, history, metric, axis, smoothing)
            for entry, history in zip(compared, histories, strict=True)
        ],
        once=lambda _key, make: make(),
        key="comparison",
        title=METRICS[metric].capitalize(),
        view=f"{metric} {axis.name}",
        x_title=axis.title(),
        y_format=".0%" if accuracy else "",
        limits=(0, 1) if accuracy else None,
        logarithmic=logarithmic,
        legend_below=True,
        height=420,
    )


def curve_of(entry: Compared, history: History, metric: str, axis: Axis, smoothing: float) -> Curve:
    """One run's line, in its own colour."""
    if metric != "train/loss" or not len(history.curve):
        curve = epoch_curve(history, metric, entry.name, axis, entry.colour)
        y = smoothed(curve.y, smoothing)
        return Curve(entry.name, curve.x, y, entry.colour, keep=curve.keep, dash=entry.dash, markers=len(y) < 60)
    steps, times, losses = (history.curve.column(name) for name in ("step", "time", "train/loss"))
    return Curve(
        entry.name, axis.of_steps(history, steps, times), smoothed(losses, smoothing), entry.colour, dash=entry.dash
    )


def _history(run: Run) -> History:
    """In short where that was kept: an overview needs no more."""
    try:
        changed = run.event_log.stat().st_mtime_ns
    except OSError:
        changed = 0
    kept = _short(str(run.folder), changed)
    return kept.history if kept else shared_history(run).history


@st.cache_resource(max_entries=200, show_spinner=False)
def _short(folder: str, _changed: int) -> SharedHistory | None:
    from pathlib import Path

    history = short_history(Run(Path(folder)))
    return SharedHistory(history) if history else None


def _tables(compared: list[Compared], known: list[Compared], varied: list[Setting]) -> None:
    st.subheader("Results")
    rows = []
    for entry in compared:
        run = entry.summary
        cells = [
            run.status,
            f"{run.epochs} of {run.planned}",
            percent(run.val_accuracy),
            percent(run.test_accuracy),
            duration(run.seconds),
        ]
        rows.append(
            f'<tr><th scope="row">{_link(entry)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        )
    head = ("Run", "Status", "Epochs", "Best val accuracy", "Test accuracy", "Time")
    st.html(_table(head, rows))
    if len(known) < 2:
        return
    st.subheader("What they differ in")
    if not varied:
        st.markdown("Nothing: they have the same settings.")
        return
    rows = [
        f'<tr><th scope="row">{escape(setting.title)}</th>'
        + "".join(f"<td>{escape(setting_words(setting, place))}</td>" for place in range(len(known)))
        + "</tr>"
        for setting in varied
    ]
    st.html(_table(("Setting", *(entry.name for entry in known)), rows))


def _table(head: tuple[str, ...], rows: list[str]) -> str:
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    return (
        f'<div class="frame"><table class="table"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _link(entry: Compared) -> str:
    colours = chart_colours()
    colour = colours[entry.colour % len(colours)]
    swatch = f'<i class="swatch {entry.dash}" style="border-color:{colour}" aria-hidden="true"></i>'
    run = escape(entry.summary.id, quote=True)
    return f'{swatch}<a href="run?run={run}" target="_self">{escape(entry.name)}</a>'


def _what_settings_did(known: list[Compared], varied: list[Setting]) -> None:
    if not varied or len(known) < 3:
        return
    st.subheader("What the settings did")
    titles = {setting.path: setting.title for setting in varied}
    with st.container(horizontal=True, gap="medium"):
        result = st.selectbox(
            "Result", list(RESULTS), format_func=lambda name: RESULTS[name][0], key="result", width=240
        )
        path = st.selectbox("Against", list(titles), format_func=titles.__getitem__, key="against", width=240)
    title, value_of = RESULTS[result]
    setting = next(setting for setting in varied if setting.path == path)
    shown = [place for place, entry in enumerate(known) if value_of(entry.summary) is not None]
    if len(shown) < 2:
        st.caption("Fewer than two of them have this result yet.")
        return
    share = result in ("test", "val")
    _scatter(known, shown, setting, title, value_of, share)
    axes = [(setting.title, [on_axis(setting, place) for place in shown]) for setting in varied]
    factor = 100 if share else 1
    results = [round(value_of(known[place].summary) * factor, 4) for place in shown]
    axes.append((f"{title}, %" if share else title, results))
    parallel(axes, key="parallel of the comparison", title=f"Settings of the runs and their {title.lower()}")
    st.caption("A line is a run; lighter or darker shows its result. Drag along an axis to pick out some of them.")


def _scatter(
    known: list[Compared],
    shown: list[int],
    setting: Setting,
    title: str,
    value_of: Callable[[Summary], float | None],
    share: bool,
) -> None:
    values = [on_axis(setting, place) for place in shown]
    numbers = all(isinstance(value, int | float) for value in values)
    positive = numbers and min(values) > 0
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": values if numbers else [f"{value}\u200b" for value in values],
        "y": [value_of(known[place].summary) for place in shown],
        "text": [known[place].name for place in shown],
        "marker": {"size": 12, "color": [f"$chart{known[place].colour}" for place in shown]},
        "hovertemplate": "%{text}<br>%{x}: %{y}<extra></extra>",
    }
    kind = "log" if positive and max(values) / min(values) >= 20 else "linear" if numbers else "category"
    axis = {"title": {"text": setting.title}, "type": kind}
    if numbers and len(set(values)) <= 12:
        axis |= {"tickvals": sorted(set(values)), "ticktext": [f"{value:g}" for value in sorted(set(values))]}
    layout = {"xaxis": axis, "yaxis": {"title": {"text": title}, "tickformat": ".1%" if share else ""}}
    figure([trace], layout, key="scatter", title=f"{title} against {setting.title.lower()}", height=340)
