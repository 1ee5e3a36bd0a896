"""The result of runs against one of their settings: what that setting did."""

from __future__ import annotations

from typing import Any

from core.analysis.compare import Setting
from core.experiments.results import Group, best_place, groups, lines
from core.text.numbers import SIGN, decimal, percent
from pages.components.charts.figure import figure
from pages.components.charts.parallel import loss_axis, round_ticks, setting_axis
from pages.components.charts.told import told_points
from pages.components.shell.number_words import count
from pages.components.train.experiments import Experiment

HEADROOM = 0.16  # above the best result, for its words
MOST_LINES = 8


def draw_result_chart(
    experiment: Experiment, setting: Setting, results: list[float | None], *, is_loss: bool, title: str, height: int
) -> None:
    """`results`: of each run, None where there is none yet; shares of 1 unless `is_loss`."""
    traces, layout = result_chart(experiment, setting, results, is_loss)
    heading = f"{title} against {setting.title[:1].lower()}{setting.title[1:]}"
    points = [
        (experiment.words(group.places[0]), group.mean) for group in groups(experiment.varied, results) if group.results
    ]
    told = told_points(title, setting.title, points, not is_loss, lowest_is_best=is_loss)
    figure(traces, layout, key=f"result {experiment.name}", title=heading, told=told, height=height)


def result_chart(
    experiment: Experiment, setting: Setting, results: list[float | None], is_loss: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Traces and layout for `figure`: a point for each group of runs, its seeds with their spread, the best with a star."""
    scale = 1 if is_loss else 100
    found = groups(experiment.varied, results)
    spots, axis = setting_axis(setting)
    at = [spots[value] for value in setting.values]  # of each run
    moving = {run.id for run in experiment.moving}
    joined = lines(setting, experiment.varied, found)
    traces = [_line(line, at, scale) for line in joined] if len(joined) <= MOST_LINES else []
    for group in found:
        first = group.places[0]
        so_far = any(experiment.runs[place].id in moving for place in group.places)
        words = f"{experiment.words(first)}<br>{_said(group, is_loss)}{' so far' if so_far else ''}"
        colour = f"$chart{experiment.entries[first].colour}"
        traces += _points(group, at[first], scale, colour, so_far, words)
    best = best_place(results, lowest=is_loss)
    if best is not None:
        value = results[best] or 0.0
        traces.append(
            _best(at[best], value * scale, _written(value, is_loss), f"$chart{experiment.entries[best].colour}")
        )
    known = [value * scale for value in results if value is not None]
    layout = {
        "showlegend": False,
        "xaxis": axis,
        "yaxis": (loss_axis(known) if is_loss else {}) or _upright(known, is_loss),
        "margin": {"t": 40, "b": 46, "r": 14, "l": 56},
    }
    return traces, layout


def _upright(known: list[float], is_loss: bool) -> dict[str, Any]:
    """The result's axis: from below the worst to above the best, with labels at round numbers."""
    if not known:
        return {"range": [0, 1 if is_loss else 100], "tickvals": []}
    low, high = min(known), max(known)
    span = (high - low) or abs(high) * 0.1 or 1.0
    bottom = max(0.0, low - 0.12 * span)
    marks = round_ticks([bottom, high if is_loss else min(100.0, high + 0.1 * span)])
    sign = "" if is_loss else SIGN
    return {
        "range": [bottom - 0.02 * span, high + HEADROOM * span],
        "tickvals": marks["tickvals"],
        "ticktext": [f"{text}{sign}" for text in marks["ticktext"]],
    }


def _line(line: list[Group], at: list[float], scale: int) -> dict[str, Any]:
    """Joins what differs in the setting of the axis alone."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [at[group.places[0]] for group in line],
        "y": [group.mean * scale for group in line],
        "line": {"color": "$text", "width": 1.2},
        "opacity": 0.4,
        "hoverinfo": "skip",
    }


def _points(group: Group, x: float, scale: int, colour: str, so_far: bool, words: str) -> list[dict[str, Any]]:
    """The mean of a group, and where it has several seeds each of them with the spread from the lowest to the highest."""
    point: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [group.mean * scale],
        "text": [words],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": 12,
            "color": colour,
            "symbol": "circle-open" if so_far else "circle",
            "line": {"width": 2, "color": colour},
        },
    }
    if len(group.results) < 2:
        return [point]
    point["error_y"] = {
        "type": "data",
        "symmetric": False,
        "array": [(max(group.results) - group.mean) * scale],
        "arrayminus": [(group.mean - min(group.results)) * scale],
        "color": colour,
        "thickness": 1.5,
        "width": 6,
    }
    seeds = {
        **point,
        "x": [x] * len(group.results),
        "y": [value * scale for value in group.results],
        "marker": {"size": 6, "color": colour},
        "opacity": 0.6,
        "hoverinfo": "skip",
        "hovertemplate": None,
    }
    del seeds["error_y"]
    return [seeds, point]


def _best(x: float, y: float, text: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x],
        "y": [y],
        "text": [f"<b>{text}</b>"],
        "textposition": "top center",
        "textfont": {"color": "$text"},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "marker": {"symbol": "star", "size": 17, "color": colour, "line": {"color": "$paper", "width": 1.5}},
    }


def _said(group: Group, is_loss: bool) -> str:
    """ "97.8 %", or "97.8 %, mean of 3 seeds, from 97.2 % to 98.1 %"."""
    mean = _written(group.mean, is_loss)
    if len(group.results) == 1:
        return mean
    low, high = _written(min(group.results), is_loss), _written(max(group.results), is_loss)
    return f"{mean}, mean of {count(len(group.results), 'seed')}, from {low} to {high}"


def _written(value: float, is_loss: bool) -> str:
    return decimal(value) if is_loss else percent(value)
