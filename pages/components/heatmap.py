"""The confusion matrix as a picture: rows are the true classes, columns what was predicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pages.components.figure import figure

MOST_WRITTEN = 20  # classes up to which numbers stand in the cells


def heatmap(
    matrix: Sequence[Sequence[int]] | np.ndarray,
    class_names: Sequence[str],
    *,
    key: str,
    title: str,
    in_percent: bool = False,
    clicks: bool = False,
) -> tuple[int, int] | None:
    """Counts, or shares of the true class, written into the cells; the colour is the share of the row, so that rare classes
    show as well as common ones. With `clicks` the result is the cell (true, predicted) that was clicked just now."""
    counts = np.asarray(matrix, dtype=np.int64).reshape(len(class_names), len(class_names))
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    names = [f"{name}\u200b" for name in class_names]  # "3" must not become a number on an axis
    places = range(len(names))
    few = len(names) <= MOST_WRITTEN
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": shares.round(4).tolist(),
        "text": [[_written(counts[i, j], shares[i, j], in_percent) if few else "" for j in places] for i in places],
        "hovertext": [
            [f"{_pictures(counts[i, j])}, {shares[i, j]:.1%} of the true class" for j in places] for i in places
        ],
        "customdata": [[[i, j] for j in places] for i in places],
        "texttemplate": "%{text}",
        "hovertemplate": "true %{y}, predicted %{x}<br>%{hovertext}<extra></extra>",
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "colorscale": "$scale",
    }
    axis = {"type": "category", "showgrid": False, "tickangle": "auto", "ticks": ""}
    layout = {
        "xaxis": {**axis, "title": {"text": "predicted", "standoff": 8}},
        "yaxis": {**axis, "title": {"text": "true", "standoff": 8}, "autorange": "reversed"},
    }
    height = min(760, 150 + max(8, len(names)) * 30)
    clicked = figure([trace], layout, key=key, title=title, height=height, clicks=clicks)
    return _cell(clicked, len(names)) if clicks else None


def _pictures(number: int) -> str:
    return f"{number:,} picture" + ("" if number == 1 else "s")


def _written(number: int, share: float, in_percent: bool) -> str:
    if not number:
        return ""
    return f"{share * 100:.1f}" if in_percent else str(number)


def _cell(clicked: object, classes: int) -> tuple[int, int] | None:
    """What arrives from a browser is not to be trusted."""
    if not (isinstance(clicked, list | tuple) and len(clicked) == 2):
        return None
    true, predicted = clicked
    is_cell = all(isinstance(place, int | float) and place in range(classes) for place in clicked)
    return (int(true), int(predicted)) if is_cell else None
