"""Parallel coordinates: an upright axis for each setting and for the result, a line for each run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pages.components.figure import figure

HEIGHT = 340
MOST_TICKS = 12


def parallel(axes: Sequence[tuple[str, Sequence[Any]]], *, key: str, title: str) -> None:
    """`axes`: (title, a value for each run); the last one is the result, a number, and colours the lines."""
    colours = [float(value) for value in axes[-1][1]]
    trace = {
        "type": "parcoords",
        "dimensions": [dimension(name, values) for name, values in axes],
        "line": {"color": colours, "cmin": min(colours), "cmax": max(colours), "colorscale": "$lines"},
        "labelfont": {"color": "$text", "size": 13},
        "tickfont": {"color": "$text", "size": 12},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
        "unselected": {"line": {"opacity": 0.06}},
    }
    layout = {"margin": {"l": 70, "r": 60, "t": 60, "b": 24}, "uirevision": key}
    figure([trace], layout, key=key, title=title, heading="", height=HEIGHT)


def dimension(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """One axis: numbers over several magnitudes by their logarithm, words in their order of appearance."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = [float(value) for value in values]
        positive = [value for value in numbers if value > 0]
        if len(positive) == len(numbers) and max(numbers) / min(numbers) >= 20:
            places = [math.log10(value) for value in numbers]
            return {"label": name, "values": places, **_ticks(places, [f"{value:g}" for value in numbers])}
        ticks = _ticks(numbers, [f"{value:g}" for value in numbers]) if len(set(numbers)) <= MOST_TICKS else {}
        return {"label": name, "values": numbers, **ticks}
    texts = [str(value) for value in values]
    order = list(dict.fromkeys(texts))
    places = [float(order.index(text)) for text in texts]
    return {"label": name, "values": places, "tickvals": list(range(len(order))), "ticktext": order}


def _ticks(places: Sequence[float], texts: Sequence[str]) -> dict[str, Any]:
    found = dict(sorted(zip(places, texts, strict=True)))
    if len(found) > MOST_TICKS:
        return {}
    return {"tickvals": list(found), "ticktext": list(found.values())}
