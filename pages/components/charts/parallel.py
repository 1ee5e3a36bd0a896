"""Axes for settings: one of a chart, or an upright one for each setting and the result, with a line for each run (parallel
coordinates)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from core.analysis.compare import Setting
from core.experiments.results import in_order, is_amount, is_spread_by_factors
from core.text.numbers import decimal
from pages.components.charts.figure import figure
from pages.components.charts.told import Told
from pages.components.shell.setting_words import on_axis

HEIGHT = 340
MARGIN = 0.09  # beside the outermost values of a setting, as a share of its axis
ROOM = 150  # pixels between two axes at least; what is wider scrolls inside its frame
NEAREST = 0.07  # shares of an axis: labels that are nearer to each other would lie on each other
LONGEST = 16  # letters of a label
WIDE = 30.0  # times the lowest loss, from which the highest would flatten a chart


def parallel(axes: Sequence[tuple[str, Sequence[Any]]], *, key: str, title: str) -> None:
    """`axes`: (title, a value for each run); the last one is the result, a number, and colours the lines."""
    *settings, (result, results) = axes
    colours = [float(value) for value in results]
    shown = round_ticks(colours)
    if loss_axis(colours):  # of shares and seconds too: one far away would hide how the others differ
        colours = [math.log10(value) for value in colours]
        shown = ticks(colours, [written(float(value)) for value in results])
    dimensions = [dimension(name, values) for name, values in settings]
    dimensions.append({"label": _wrapped(result), "values": colours, **shown})
    trace = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": {"color": colours, "cmin": min(colours), "cmax": max(colours), "colorscale": "$lines"},
        "labelfont": {"color": "$text", "size": 13},
        "tickfont": {"color": "$text", "size": 12},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
        "unselected": {"line": {"opacity": 0.06}},
    }
    longest = max(len(text) for text in dimensions[0].get("ticktext", [""]))
    layout = {"margin": {"l": max(70, 16 + 7 * longest), "r": 70, "t": 76, "b": 24}, "uirevision": key}
    runs = zip(*(values for _, values in axes), strict=True)
    rows = [[str(cell) if isinstance(cell, str | bool) else written(cell) for cell in run] for run in runs]
    low, high = written(min(map(float, results))), written(max(map(float, results)))
    said = f"A line for each of {len(results)} runs, over its settings to its result. {result}: from {low} to {high}."
    told = Told(said, [name for name, _ in axes], rows)
    figure([trace], layout, key=key, title=title, told=told, heading="", height=HEIGHT, least_width=ROOM * len(axes))


def dimension(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """One axis: numbers over several magnitudes by their logarithm, words in their order of appearance."""
    name = _wrapped(name)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = [float(value) for value in values]
        is_wide = min(numbers) > 0 and max(numbers) / min(numbers) >= 20
        places = [math.log10(value) for value in numbers] if is_wide else numbers
        return {"label": name, "values": places, **ticks(places, [written(value) for value in values])}
    texts = [str(value) for value in values]
    order = list(dict.fromkeys(texts))
    places = [float(order.index(text)) for text in texts]
    return {
        "label": name,
        "values": places,
        "tickvals": list(range(len(order))),
        "ticktext": [textwrap.shorten(text, LONGEST, placeholder="…") or text[:LONGEST] for text in order],
    }


def setting_axis(setting: Setting) -> tuple[dict[Any, float], dict[str, Any]]:
    """Where each value of the setting stands, and the axis: logarithmic for values spread by factors, in order for words."""
    values = in_order(setting)
    axis: dict[str, Any] = {"title": {"text": setting.title, "standoff": 8}, "showgrid": False, "type": "linear"}
    if is_amount(setting):
        spots = [float(value) for value in values]
        is_log = is_spread_by_factors(spots)
        along = [math.log10(spot) for spot in spots] if is_log else spots
        shown = ticks(along, [written(value) for value in values])
        room = MARGIN * (along[-1] - along[0]) or 0.5
        axis["range"] = [along[0] - room, along[-1] + room]
        if is_log:
            axis["type"] = "log"
            axis["title"]["text"] += " (logarithmic)"
            shown["tickvals"] = [10**place for place in shown["tickvals"]]
        axis |= shown
    else:
        spots = [float(place) for place in range(len(values))]
        texts = [str(on_axis(setting, setting.values.index(value))) for value in values]
        axis |= {
            "range": [-0.5, len(values) - 0.5],
            "tickvals": spots,
            "ticktext": ["<br>".join(textwrap.wrap(text, LONGEST)) for text in texts],
        }
    return dict(zip(values, spots, strict=True)), axis


def loss_axis(losses: Sequence[float]) -> dict[str, Any]:
    """An upright axis for losses of several runs: logarithmic where one of them is so large that the others would lie on each
    other; nothing to change else."""
    if not losses or min(losses) <= 0 or max(losses) < WIDE * min(losses):
        return {}
    edges = [math.log10(min(losses)), math.log10(max(losses))]
    room = 0.1 * (edges[1] - edges[0])
    return {"type": "log", "range": [edges[0] - room, edges[1] + 2 * room], "title": {"text": "logarithmic"}}


def written(number: float) -> str:
    """As people write it: 60000 -> "60,000", 1e-05 -> "0.00001", 88.6111 -> "88.6"."""
    whole = isinstance(number, int) or abs(number) >= 1000
    return f"{number:,.0f}" if whole else decimal(number)


def ticks(places: Sequence[float], texts: Sequence[str]) -> dict[str, Any]:
    """A label for each value, but none that would lie on another one; the lowest and the highest have theirs."""
    found = dict(sorted(zip(places, texts, strict=True)))
    lowest, highest = min(found), max(found)
    nearest = NEAREST * (highest - lowest)
    kept = [lowest]
    for place in found:
        if place - kept[-1] > nearest and (place == highest or highest - place > nearest):
            kept.append(place)
    return {"tickvals": kept, "ticktext": [found[place] for place in kept]}


def round_ticks(values: Sequence[float]) -> dict[str, Any]:
    """Labels at round numbers between the lowest and the highest value."""
    low, high = min(values), max(values)
    if not math.isfinite(high - low) or high - low < 1e-9:
        return {"tickvals": [low], "ticktext": [written(low)]}
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= 6)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    marks = [step * turn for turn in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    return {"tickvals": marks, "ticktext": [f"{mark:,.{decimals}f}" for mark in marks]}


def _wrapped(title: str) -> str:
    """A title of several lines: beside each other, long ones would collide."""
    return "<br>".join(textwrap.wrap(title, LONGEST))
