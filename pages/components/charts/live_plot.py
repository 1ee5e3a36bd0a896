"""A chart of growing curves that keeps zoom, legend choices, hover and its place in the page while new points arrive.

`st.plotly_chart` is built anew whenever its data changes; this component hands new data to the same chart (Plotly.react).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.runs.thinning import LIMIT, thin, window
from pages.components.charts.figure import plotly_address, plotly_component
from pages.components.charts.told import told_curves

_component = plotly_component("live_plot")
SMALL, LARGE = 3.0, 6.0  # pixels of a marker


@dataclass(frozen=True)
class Curve:
    """One line of a chart."""

    name: str
    x: np.ndarray  # (N,) ascending
    y: np.ndarray  # (N,) NaN where there is none
    colour: int  # place in the theme's chart colours
    markers: bool = False
    is_small: np.ndarray | None = None  # bool (N,): points with a smaller marker than others
    keep: tuple[int, ...] = ()  # indices that thinning must not drop
    is_faint: bool = False  # in the background, and not in the legend
    dash: str = "solid"  # or "dash", "dot", for more curves than colours
    most: int = LIMIT  # points that are sent


def live_plot(
    curves: Callable[[], list[Curve]],
    *,
    key: str,
    title: str,
    view: str,
    once: Callable[[Hashable, Callable[[], Any]], Any] = lambda _key, make: make(),
    x_title: str = "epoch",
    is_share: bool = False,
    best: tuple[float, float] | None = None,
    x_limits: tuple[float, float] | None = None,
    marks: Sequence[tuple[float, str]] = (),
    logarithmic: bool = False,
    from_zero: bool = False,
    legend_below: bool = False,
    has_legend: bool = True,
    waiting: str = "no points yet",
    height: int | None = None,
    usual: float | None = None,
) -> None:
    """Draws the curves. A new `view` (a run's id and its axis) starts with a fresh zoom; `best` marks the best epoch's point.

    `once(key, make)` gives what `make` gives, made once for all who look at the same: the curves are thinned for the window
    that a visitor sees, and most see all.
    What `is_share` has a y axis of per cent, within 0 to 100; with `x_limits` both axes show all of theirs and stand still.
    `waiting` stands in a chart that has no point yet (<br> ends a line).
    `height` is in pixels, more in the presenter view; None: as high as style.css makes the charts of a first screen.
    `usual` is what a value of this kind usually is at most. When a few points lie far above it (and above most of the curves'
    points), the chart leaves them out, says so, and shows all after a double click or a click on what it says.
    A sentence and a table say the same to who cannot see it, or wants the numbers (`told_curves`).
    `marks` are upright lines with words beside them, at places of the x axis. What the visitor zoomed into and which curves
    were switched off is kept when he goes to another page and comes back.
    """
    kept = _kept_for(key, view)
    seen = zoomed_window(st.session_state[kept])
    data = {
        "source": plotly_address(),
        "view": view,
        "title": title,
        "xTitle": x_title,
        "isShare": is_share,
        "xLimits": x_limits,
        "logarithmic": logarithmic,
        "height": height,
        "usual": usual,
        "fromZero": from_zero,
        "legendBelow": legend_below,
        "hasLegend": has_legend,
        "best": best,
        "range": seen,
        "hidden": _names(st.session_state[kept]["hidden"]),
        "waiting": waiting,
        "marks": [{"x": x, "text": text} for x, text in marks],
        **once((title, view, seen), lambda: _drawn(curves(), seen, x_title, is_share, best, waiting)),
    }
    _component(
        key=key,
        data=data,
        default={"range": None, "hidden": []},
        on_range_change=lambda: _keep(kept, key, "range"),
        on_hidden_change=lambda: _keep(kept, key, "hidden"),
    )


def _kept_for(key: str, view: str) -> str:
    """The place in the session for what is kept of a chart, since a component's own state is forgotten with its page; empty for
    another view than before."""
    kept = f"kept {key}"
    if st.session_state.get(kept, {}).get("view") != view:
        st.session_state[kept] = {"view": view, "range": None, "hidden": []}
    return kept


def _drawn(curves: list[Curve], seen: tuple[float, float] | None, *words: Any) -> dict[str, Any]:
    """The curves for the browser, and what is said of them (`words`: see `told_curves`)."""
    return {"curves": [packed(curve, seen) for curve in curves], "told": told_curves(curves, *words)._asdict()}


def _keep(kept: str, key: str, name: str) -> None:
    st.session_state[kept] = {**st.session_state.get(kept, {}), name: st.session_state[key].get(name)}


def _names(reported: Any) -> list[str]:
    return [name for name in reported if isinstance(name, str)][:100] if isinstance(reported, list) else []


def zoomed_window(state: Any) -> tuple[float, float] | None:
    """The x range that the browser reports it shows, or None for all of it. What arrives is not to be trusted."""
    reported = state.get("range") if hasattr(state, "get") else None
    try:
        low, high = (float(edge) for edge in reported or ())
    except (TypeError, ValueError):
        return None
    return (low, high) if np.isfinite([low, high]).all() else None


def packed(curve: Curve, seen: tuple[float, float] | None = None) -> dict[str, Any]:
    """A curve for the browser: the window it shows, thinned, as little-endian float32 in base64."""
    part = window(curve.x, seen)
    kept = tuple(index - part.start for index in curve.keep if part.start <= index < part.stop)
    chosen = thin(curve.y[part], curve.most, kept) + part.start
    return {
        "name": curve.name,
        "colour": curve.colour,
        "markers": curve.markers,
        "faint": curve.is_faint,
        "dash": curve.dash,
        "sizes": None if curve.is_small is None else _base64(np.where(curve.is_small[chosen], SMALL, LARGE)),
        "x": _base64(curve.x[chosen]),
        "y": _base64(curve.y[chosen]),
    }


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
