"""Runs that are compared: the name, colour and dash of each, and all of their curves in one chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.run_config import RunConfig
from core.runs.metrics import ACCURACY, BY_NAME, LOSS
from core.runs.store import Run
from core.runs.summary import Summary
from core.runs.thinning import LIMIT
from core.text.titles import shortened
from pages.components.charts.curves import EPOCHS, Axis, all_within, metric_curve, smoothed, usual_loss
from pages.components.charts.live_plot import Curve, live_plot
from pages.components.shell.histories import run_of, shared_history

COLOURS = 6  # of the theme's charts; further runs have other dashes
DASHES = ("solid", "dash", "dot", "dashdot")
POINTS = 24_000  # of all curves together: drawing more keeps a browser busy for seconds
FEWEST = 300  # of one curve


@dataclass(frozen=True)
class Compared:
    """One of the runs."""

    summary: Summary
    name: str
    place: int  # decides its colour
    config: RunConfig | None

    @property
    def run(self) -> Run:
        """The run itself."""
        return run_of(self.summary.id)

    @property
    def colour(self) -> int:
        """Its place in the theme's chart colours, from 0."""
        return self.place % COLOURS

    @property
    def dash(self) -> str:
        """As Plotly calls it: runs beyond the colours are told apart by it."""
        return DASHES[self.place // COLOURS % len(DASHES)]


def swatch(entry: Compared) -> str:
    """HTML: the colour and dash of a run's line, in the theme that the visitor looks at."""
    kind = "dark" if st.context.theme.type == "dark" else "light"
    colours = list(st.get_option(f"theme.{kind}.chartCategoricalColors") or ["#0072b2"])
    colour = colours[entry.colour % len(colours)]
    return f'<i class="swatch {entry.dash}" style="border-color:{colour}" aria-hidden="true"></i>'


def compared_chart(
    entries: Sequence[Compared],
    metric: str,
    axis: Axis = EPOCHS,
    smoothing: float = 0.0,
    **look: Any,
) -> None:
    """One metric of all of them over each other, thinner the more they are; `look` is what else `live_plot` takes."""
    most = max(FEWEST, min(LIMIT, POINTS // max(1, len(entries))))

    def curves() -> list[Curve]:
        histories = [shared_history(entry.run).history for entry in entries]
        within = all_within(histories, metric)
        found = []
        for entry, history in zip(entries, histories, strict=True):
            curve = metric_curve(history, metric, shortened(entry.name), axis, entry.colour, within)
            few = curve.markers and len(curve.y) < 60
            found.append(replace(curve, y=smoothed(curve.y, smoothing), dash=entry.dash, markers=few, most=most))
        return found

    chart = BY_NAME[metric].chart
    usual = max((usual_loss(shared_history(entry.run).history) for entry in entries), default=None)
    look |= {"usual": usual} if chart == LOSS else {}
    live_plot(curves, is_share=chart == ACCURACY, x_title=axis.title(), **look)
