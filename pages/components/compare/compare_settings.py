"""What the settings that differ did to a result: against one of them, and through all."""

from __future__ import annotations

import streamlit as st

from core.analysis.compare import Setting
from core.text.numbers import SIGN
from pages.components.charts.compare_entry import Compared
from pages.components.charts.figure import figure
from pages.components.charts.parallel import parallel, setting_axis
from pages.components.shell.setting_words import on_axis

RESULTS = {  # of a run's summary
    "test_accuracy": "Test accuracy",
    "val_accuracy": "Best validation accuracy",
    "val_loss": "Best validation loss",
    "seconds": "Seconds of training",
}


def draw_what_settings_did(known: list[Compared], varied: list[Setting]) -> None:
    """A result against one of the settings that differ, and all of them beside each other; nothing for fewer than three runs."""
    if not varied or len(known) < 3:
        return
    st.subheader("What the settings did")
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
    results: list[float | str] = [round(values[place] * (100 if is_share else 1), 4) for place in shown]
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
    layout = {"xaxis": axis, "yaxis": {"title": {"text": title}, "ticksuffix": SIGN if is_share else ""}}
    figure([trace], layout, key="scatter", title=f"{title} against {setting.title.lower()}", height=340)
