"""The confusion matrix as a picture: rows are the true classes, columns what was predicted.

Mistakes have a colour of their own, which ends at the largest of them: the diagonal, a hundred times as large, would leave
all of them equally pale. Of many classes those that are most often mixed up are shown, the commonest pair first: a
quarter of a million cells would be megabytes, and none of them could be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.analysis.mistakes import most_confused
from core.analysis.run_words import mixed_up
from core.text.numbers import SIGN, percent
from pages.components.charts.figure import figure
from pages.components.charts.told import Told
from pages.components.shell.number_words import count

MOST_WRITTEN = 20  # classes up to which numbers stand in the cells
MOST_DRAWN = 40  # classes up to which all are drawn, of more the first MOST_WRITTEN
FAINTEST = 0.12  # of the colour of the largest mistake, for the smallest: one picture must be seen


def heatmap(
    matrix: Sequence[Sequence[int]] | np.ndarray,
    class_names: Sequence[str],
    *,
    key: str,
    title: str,
    in_percent: bool = False,
    clicks: bool = False,
) -> tuple[int, int] | None:
    """Counts, or shares of the true class, written into the cells where there are few classes; the colour is the share of the
    row, so that rare classes show as well as common ones. With `clicks` the result is the cell (true, predicted) that was
    clicked just now."""
    counts = np.asarray(matrix, dtype=np.int64).reshape(len(class_names), len(class_names))
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    drawn = list(range(len(class_names)))
    if len(drawn) > MOST_DRAWN:
        drawn = most_confused(counts, MOST_WRITTEN)
        title = f"{title}: the {len(drawn)} of {len(class_names):,} classes mixed up most"
        counts, shares = counts[np.ix_(drawn, drawn)], shares[np.ix_(drawn, drawn)]
        class_names = [class_names[place] for place in drawn]
    traces = [
        _trace(counts, shares, class_names, in_percent, np.eye(len(counts), dtype=bool), shares, "$right"),
        _trace(counts, shares, class_names, in_percent, ~np.eye(len(counts), dtype=bool), errors(shares), "$errors"),
    ]
    axis = {"type": "category", "showgrid": False, "tickangle": "auto", "ticks": ""}
    layout = {
        "xaxis": {**axis, "title": {"text": "predicted", "standoff": 8}},
        "yaxis": {**axis, "title": {"text": "true", "standoff": 8}, "autorange": "reversed"},
    }
    height = min(620, 150 + max(6, len(class_names)) * 30)
    told = _told(counts, shares, class_names, in_percent)
    clicked = figure(traces, layout, key=key, title=title, told=told, height=height, is_square=True, clicks=clicks)
    cell = _cell(clicked, len(class_names)) if clicks else None
    return (drawn[cell[0]], drawn[cell[1]]) if cell else None


def errors(shares: np.ndarray) -> np.ndarray:
    """How strong the colour of each mistake is, 0..1: the root of its part of the largest one. (classes, classes)"""
    off = np.where(np.eye(len(shares), dtype=bool), 0.0, shares)
    return np.where(off > 0, np.maximum(FAINTEST, np.sqrt(off / max(off.max(), 1e-12))), 0.0)


def _told(counts: np.ndarray, shares: np.ndarray, class_names: Sequence[str], in_percent: bool) -> Told:
    said = f"Rows are true classes, columns what was predicted. {mixed_up(counts, list(class_names), str)}"
    rows = [
        [name, *(_written(number, share, in_percent) or "0" for number, share in zip(*row, strict=True))]
        for name, *row in zip(class_names, counts, shares, strict=True)
    ]
    return Told(said, ("true", *(f"as {name}" for name in class_names)), rows)


def _trace(
    counts: np.ndarray,
    shares: np.ndarray,
    class_names: Sequence[str],
    in_percent: bool,
    shown: np.ndarray,
    strength: np.ndarray,
    scale: str,
) -> dict[str, Any]:
    """One layer of the picture: the cells that are `shown`, the others are holes."""
    names = [f"{name}\u200b" for name in class_names]  # "3" must not become a number on an axis
    places = range(len(names))
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": [[round(float(strength[i, j]), 4) if shown[i, j] else None for j in places] for i in places],
        "hovertemplate": "true %{y}, predicted %{x}<extra></extra>",
        "hoverongaps": False,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "colorscale": scale,
    }
    if len(names) > MOST_WRITTEN:  # words for each of thousands of cells would be megabytes
        return trace
    said = [
        [f"{count(int(counts[i, j]), 'picture')}, {percent(float(shares[i, j]))} of the true class" for j in places]
        for i in places
    ]
    text = [[_written(counts[i, j], shares[i, j], in_percent) if shown[i, j] else "" for j in places] for i in places]
    return trace | {
        "text": text,
        "texttemplate": "%{text}",
        "hovertext": said,
        "hovertemplate": "true %{y}, predicted %{x}<br>%{hovertext}<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }


def _written(number: int, share: float, in_percent: bool) -> str:
    if not number:
        return ""
    return percent(share).removesuffix(SIGN) if in_percent else str(number)


def _cell(clicked: object, classes: int) -> tuple[int, int] | None:
    """What arrives from a browser is not to be trusted."""
    if not (isinstance(clicked, list | tuple) and len(clicked) == 2):
        return None
    true, predicted = clicked
    is_cell = all(isinstance(place, int | float) and place in range(classes) for place in clicked)
    return (int(true), int(predicted)) if is_cell else None
