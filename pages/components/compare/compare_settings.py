"""What the settings that differ did to a result: against one of them, and through all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.analysis.compare import Setting
from core.runs.summary import Summary
from core.text.numbers import SIGN
from pages.components.charts.compare_entry import Compared
from pages.components.charts.figure import figure
from pages.components.charts.parallel import parallel, ticks, written
from pages.components.shell.setting_words import on_axis

RESULTS: dict[str, tuple[str, Callable[[Summary], float | None]]] = {
    "test": ("Test accuracy", lambda run: run.test_accuracy),
    "val": ("Best validation accuracy", lambda run: run.val_accuracy),
    "loss": ("Best validation loss", lambda run: run.val_loss),
    "seconds": ("Seconds of training", lambda run: run.seconds),
}


def draw_what_settings_did(known: list[Compared], varied: list[Setting]) -> None:
    """A result against one of the settings that differ, and all of them beside each other; nothing for fewer than three runs."""
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
    axes: list[tuple[str, list[float | str]]] = [
        (setting.title, [on_axis(setting, place) for place in shown]) for setting in varied
    ]
    factor = 100 if share else 1
    results: list[float | str] = [round((value_of(known[place].summary) or 0.0) * factor, 4) for place in shown]
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
    amounts = [value for value in values if isinstance(value, int | float)]
    numbers = len(amounts) == len(values)
    positive = numbers and min(amounts) > 0
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": values if numbers else [f"{value}\u200b" for value in values],
        "y": [(value_of(known[place].summary) or 0.0) * (100 if share else 1) for place in shown],
        "text": [known[place].name for place in shown],
        "marker": {"size": 12, "color": [f"$chart{known[place].colour}" for place in shown]},
        "hovertemplate": "%{text}<br>%{x}: " + ("%{y:.1f}\u202f%" if share else "%{y:.4~g}") + "<extra></extra>",
    }
    kind = "log" if positive and max(amounts) / min(amounts) >= 20 else "linear" if numbers else "category"
    axis: dict[str, Any] = {"title": {"text": setting.title}, "type": kind}
    if numbers and len(set(amounts)) <= 12:
        places = [math.log10(amount) for amount in amounts] if kind == "log" else [float(amount) for amount in amounts]
        axis |= ticks(places, [written(amount) for amount in amounts])
        if kind == "log":
            axis["tickvals"] = [10**place for place in axis["tickvals"]]
    layout = {"xaxis": axis, "yaxis": {"title": {"text": title}, "ticksuffix": SIGN if share else ""}}
    figure([trace], layout, key="scatter", title=f"{title} against {setting.title.lower()}", height=340)
