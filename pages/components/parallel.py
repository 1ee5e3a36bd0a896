"""Parallel coordinates: an upright axis for each setting and for the result, a line for each run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.components.plotly_file import plotly_address, script_with_plotly

HEIGHT = 340
MOST_TICKS = 12

_component = st.components.v2.component(
    "parallel",
    html='<div class="plot" role="group"></div>\n',
    css=".plot { width: 100%; }\n",
    js=script_with_plotly("parallel.js"),
    isolate_styles=False,
)


def parallel(axes: Sequence[tuple[str, Sequence[Any]]], *, key: str, title: str) -> None:
    """`axes`: (title, a value for each run); the last one is the result, a number, and colours the lines."""
    colours = [float(value) for value in axes[-1][1]]
    data = {"title": title, "view": key, "dimensions": [dimension(name, values) for name, values in axes]}
    _component(key=key, data={"source": plotly_address(), "height": HEIGHT, "colours": colours, **data})


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
