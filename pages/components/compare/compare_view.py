"""The comparison of several runs: a sentence, curves over each other, what they differ in, and what that did to a result: against
one of the settings, and through all."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.analysis.compare import Setting, differences
from core.runs.metrics import BY_NAME, COMPARED, LOSS
from core.runs.store import MOVING
from core.runs.summary import Summary
from core.text.numbers import SIGN, percent
from pages.components.charts.compare_entry import Compared, compared_chart, swatch
from pages.components.charts.curves import Axis
from pages.components.charts.figure import figure
from pages.components.charts.parallel import loss_axis, parallel, setting_axis
from pages.components.charts.told import told_points
from pages.components.charts.view_controls import axis_control, log_control, one_of, smoothing_control, toggle
from pages.components.compare.verdicts import sentences
from pages.components.shell.compared import draw_unknown, names, pick
from pages.components.shell.fences import ONE, fenced, run_fence
from pages.components.shell.histories import run_of, shared_history, summaries
from pages.components.shell.html_parts import html_table, table_row
from pages.components.shell.links import anchor, run_page
from pages.components.shell.number_words import duration, test_words
from pages.components.shell.setting_words import on_axis, read_config
from pages.components.shell.start import draw_first_steps
from pages.components.shell.widgets import redrawn

REFRESH_SECONDS = 2.0
METRICS = {metric.name: metric.title for metric in COMPARED}
RESULTS = {  # of a run's summary
    "test_accuracy": BY_NAME["test/accuracy"].title.capitalize(),
    "val_accuracy": f"{BY_NAME['val/accuracy'].title.capitalize()}, best epoch",
    "val_loss": f"{BY_NAME['val/loss'].title.capitalize()}, best epoch",
    "seconds": "Seconds of training",
}


def draw_comparison() -> None:
    """The picker, and below it everything about what is picked; drawn anew while one of them trains."""
    runs = [run for run in summaries() if run.epochs or run.status in MOVING]
    draw_unknown({run.id: run for run in summaries()}, {run.id for run in runs})
    if len(runs) < 2:
        text = "Two runs are needed for a comparison. Train the digits twice, with another learning rate perhaps."
        draw_first_steps(text, "Choose a recipe")
        return
    chosen = pick(runs)
    if not chosen:
        st.markdown("Pick runs here, or tick them on the Runs page and click **Compare**.")
        return
    chosen = _latest(chosen)
    redrawn(lambda: _as_now(chosen), lambda now: any(run.status in MOVING for run, _ in now), _draw, REFRESH_SECONDS)


def _latest(chosen: list[tuple[Summary, int]]) -> list[tuple[Summary, int]]:
    """Of runs of the same name only the newest, if that is switched on; the switch is there where there are such runs."""
    newest = {run.title: run.id for run, _ in sorted(chosen, key=lambda each: (each[0].created, each[0].id))}
    if len(newest) == len(chosen):
        return chosen
    tip = "Of runs that have the same name only the one that was started last."
    only = toggle("Latest only", "latest", tip)
    return [(run, place) for run, place in chosen if not only or newest[run.title] == run.id]


def _as_now(chosen: list[tuple[Summary, int]]) -> list[tuple[Summary, int]]:
    """The same runs with what is known of them now, without those that were deleted meanwhile."""
    now = {run.id: run for run in summaries()}
    return [(now[run.id], place) for run, place in chosen if run.id in now]


def _draw(chosen: list[tuple[Summary, int]]) -> None:
    compared: list[Compared] = []
    for (facts, place), name in zip(chosen, names([facts for facts, _ in chosen]), strict=True):
        with run_fence(run_of(facts.id), "compared"):
            shared_history(run_of(facts.id))
            compared.append(Compared(facts, name, place, read_config(run_of(facts.id))[0]))
    known = [entry for entry in compared if entry.config]
    configs = [entry.config for entry in known if entry.config]
    varied = differences(configs) if len(configs) > 1 else []
    first, *others = [""]
    with fenced(ONE):
        first, *others = sentences(compared, varied) or [""]
    if first:
        st.markdown(first)
    with fenced(ONE):
        _curves(compared)
    for sentence in others:
        st.markdown(sentence)
    with fenced(ONE):
        _tables(compared, known, varied)
    with fenced(ONE):
        draw_what_settings_did(known, varied)


def _curves(compared: list[Compared]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = one_of("Curve", "metric", METRICS)
        with st.popover("View", icon=":material/tune:", help="What the curves are drawn over, and how smooth"):
            axis, smoothing = axis_control(), smoothing_control()
            logarithmic = log_control() if BY_NAME[metric].chart == LOSS else False
    seconds = max((shared_history(entry.run).history.elapsed() or 0.0 for entry in compared), default=0.0)
    compared_chart(
        compared,
        metric,
        Axis(axis.name, seconds),
        smoothing,
        key="comparison",
        title=METRICS[metric].capitalize(),
        view=f"{metric} {axis.name}",
        logarithmic=logarithmic,
        legend_below=True,
        height=370,
    )


def _tables(compared: list[Compared], known: list[Compared], varied: list[Setting]) -> None:
    st.header("Results")
    rows = []
    for entry in compared:
        run = entry.summary
        cells = [
            run.status,
            f"{run.epochs} of {run.planned}",
            percent(run.val_accuracy),
            test_words(run),
            duration(run.seconds),
        ]
        rows.append(table_row(swatch(entry) + anchor(run_page(run.id), entry.name), cells))
    head = ("Run", "Status", "Epochs", RESULTS["val_accuracy"], RESULTS["test_accuracy"], "Time")
    st.html(html_table(head, rows))
    if len(known) < 2:
        return
    st.header("What they differ in")
    if not varied:
        st.markdown("Nothing: they have the same settings.")
        return
    rows = [
        table_row(escape(setting.title), (setting.in_words(place) for place in range(len(known)))) for setting in varied
    ]
    st.html(html_table(("Setting", *(entry.name for entry in known)), rows))


def draw_what_settings_did(known: list[Compared], varied: list[Setting]) -> None:
    """A result against one of the settings that differ, and all of them beside each other; nothing for fewer than three runs."""
    if not varied or len(known) < 3:
        return
    st.header("What the settings did")
    titles = {setting.path: setting.title for setting in varied}
    with st.container(horizontal=True, gap="medium"):
        result = st.selectbox("Result", list(RESULTS), format_func=RESULTS.__getitem__, key="result", width=240)
        path = st.selectbox("Against", list(titles), format_func=titles.__getitem__, key="against", width=240)
    setting = next(setting for setting in varied if setting.path == path)
    title, is_share = RESULTS[result], result.endswith("accuracy")
    values = [getattr(entry.summary, result) for entry in known]
    shown = [place for place, value in enumerate(values) if value is not None]
    if len(shown) < 2:
        st.caption("Fewer than two of them have this result yet.")
        return
    results: list[float | str] = [float(f"{values[place] * (100 if is_share else 1):.6g}") for place in shown]
    _scatter(known, shown, setting, title, results, is_share)
    axes: list[tuple[str, list[float | str]]] = [
        (setting.title, [on_axis(setting, place) for place in shown]) for setting in varied
    ]
    axes.append((f"{title}, %" if is_share else title, results))
    parallel(axes, key="parallel of the comparison", title=f"Settings of the runs and their {title.lower()}")
    st.caption("A line is a run; lighter or darker shows its result. Drag along an axis to pick out some of them.")


def _scatter(
    known: list[Compared], shown: list[int], setting: Setting, title: str, results: list[float | str], is_share: bool
) -> None:
    spots, axis = setting_axis(setting)
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [spots[setting.values[place]] for place in shown],
        "y": results,
        "text": [f"{known[place].name}<br>{on_axis(setting, place)}" for place in shown],
        "marker": {"size": 12, "color": [f"$chart{known[place].colour}" for place in shown]},
        "hovertemplate": "%{text}: " + ("%{y:.1f}\u202f%" if is_share else "%{y:.4~g}") + "<extra></extra>",
    }
    upright = {} if is_share else loss_axis([float(result) for result in results])
    upright |= {
        "title": {"text": f"{title} (logarithmic)" if upright else title},
        "ticksuffix": SIGN if is_share else "",
    }
    layout = {"xaxis": axis, "yaxis": upright}
    points = [
        (f"{on_axis(setting, place)} ({known[place].name})", float(result) / (100 if is_share else 1))
        for place, result in zip(shown, results, strict=True)
    ]
    told = told_points(title, setting.title, points, is_share, lowest_is_best=not is_share)
    figure([trace], layout, key="scatter", title=f"{title} against {setting.title.lower()}", told=told, height=340)
