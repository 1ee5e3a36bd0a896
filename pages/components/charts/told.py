"""What a chart shows in a sentence and in a table, for people who cannot see it and for all who want the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.text.numbers import UNKNOWN, decimal, percent

if TYPE_CHECKING:
    from pages.components.charts.live_plot import Curve

MOST_ROWS = 40  # of a table of curves, the first and the last among them
MOST_SAID = 4  # curves of which a sentence tells each


class Told(NamedTuple):
    """A sentence or a few, and a table whose first column names its rows."""

    sentence: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def number(value: float | None, is_share: bool = False) -> str:
    """0.979 -> "97.9 %" of a share, else "0.979"; 1200 -> "1,200"; "–" for what is no number."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if is_share:
        return percent(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else decimal(float(value))


def told_curves(
    curves: Iterable[Curve], x_title: str, is_share: bool, best: tuple[float, float] | None, waiting: str
) -> Told:
    """From where to where each curve goes, and what they are at the ends of epochs, or at places spread over all they have.

    `waiting` is said where there is no point yet. A curve has the value of its last point up to a place.
    """
    shown = [curve for curve in curves if not curve.is_faint and np.isfinite(curve.y).any()]
    head = (x_title, *(curve.name for curve in shown))
    if not shown:
        return Told(" ".join(waiting.split("<br>")), head, [])
    marked = [curve for curve in shown if curve.markers] or shown
    places = np.unique(np.concatenate([curve.x for curve in marked]))
    places = places[np.unique(np.linspace(0, len(places) - 1, min(MOST_ROWS, len(places))).round().astype(int))]
    columns = [[number(value, is_share) for value in _at(curve, places)] for curve in shown]
    rows = [list(row) for row in zip((number(place) for place in places.tolist()), *columns, strict=True)]
    said = _each(shown, is_share) if len(shown) <= MOST_SAID else _all(shown, is_share)
    if best is not None:
        said += f" The best {x_title} is {number(best[0])}." if x_title == "epoch" else ""
    return Told(said, head, rows)


def told_points(
    of: str, along: str, points: Sequence[tuple[str, float]], is_share: bool, lowest_is_best: bool = False
) -> Told:
    """Of results at values of a setting: their range and which is best. `points`: (value in words, result)."""
    rows = [[name, number(result, is_share)] for name, result in points]
    known = [(result, name) for name, result in points if math.isfinite(result)]
    if not known:
        return Told("no points yet", (along, of), rows)
    low, high = min(known), max(known)
    best = low if lowest_is_best else high
    between = f"from {number(low[0], is_share)} to {number(high[0], is_share)}"
    against = f"{along[:1].lower()}{along[1:]}"
    return Told(f"{of} against {against}: {between}, the best at {best[1]}.", (along, of), rows)


def _each(curves: Sequence[Curve], is_share: bool) -> str:
    said = []
    for curve in curves:
        values = curve.y[np.isfinite(curve.y)].tolist()
        first, last = (number(value, is_share) for value in (values[0], values[-1]))
        way = (
            "is"
            if len(values) == 1
            else "stays at"
            if first == last
            else "rises from"
            if values[-1] > values[0]
            else "falls from"
        )
        said.append(f"{curve.name} {way} {first}" + ("" if first == last else f" to {last}"))
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _all(curves: Sequence[Curve], is_share: bool) -> str:
    ends = sorted((float(curve.y[np.isfinite(curve.y)][-1]), curve.name) for curve in curves)
    (low, lowest), (high, highest) = ends[0], ends[-1]
    return (
        f"{len(curves)} curves end between {number(low, is_share)} ({lowest}) and {number(high, is_share)} ({highest})."
    )


def _at(curve: Curve, places: np.ndarray) -> list[float | None]:
    """The values (P,) of a curve at places (P,): those of its last point that is a number and not behind the place."""
    is_number = np.isfinite(curve.y)
    x, y = curve.x[is_number], curve.y[is_number]
    found = np.searchsorted(x, places, side="right") - 1
    return [float(y[place]) if place >= 0 else None for place in found.tolist()]
