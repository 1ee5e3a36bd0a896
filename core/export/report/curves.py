"""The curves of a run as drawings for paper: the loss and the accuracy over the epochs, the best epoch marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from core.runs import running
from core.runs.history import History
from core.runs.metrics import ACCURACY, LOSS
from core.runs.thinning import thin
from core.text.numbers import count, decimal, percent

WIDTH, HEIGHT = 360, 216  # units of a drawing
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 36  # of its edges
POINTS = 300  # of a line
MOST_MARKERS = 40  # points of a line that are marked
USUAL, ABOVE, LEAST_ABOVE, SLIGHTLY = (
    0.75,
    3.0,
    1.5,
    1.33,
)  # of few points far above all others, as on the page of a run


@dataclass(frozen=True)
class Line:
    """One curve: x in epochs (N,), y (N,) with NaN where nothing is known."""

    name: str
    x: np.ndarray
    y: np.ndarray
    is_marked: bool = False  # a dot at each point
    keep: int | None = None  # the place of the best epoch, which is never thinned away


def loss_chart(history: History) -> str:
    """HTML; "" where there are not two points yet."""
    steps, values = running.step_columns(history, "step", "train/loss")
    lines = [Line("training", _epochs(history, steps), values), _validation(history, "val/loss")]
    usual = math.log(max(2, len((history.started or {}).get("class_names", ()))))
    return _chart(LOSS, lines, usual=usual)


def accuracy_chart(history: History) -> str:
    """HTML; "" where there are not two points yet."""
    steps, _, values = running.accuracy(history)
    if len(steps):
        training = Line("training", _epochs(history, steps), values)
    else:  # of before steps had one
        training = _at_ends(history, "train/accuracy", "training")
    return _chart(ACCURACY, [training, _validation(history, "val/accuracy")], is_share=True)


def _epochs(history: History, steps: np.ndarray) -> np.ndarray:
    return running.epochs_at(history, steps)


def _at_ends(history: History, metric: str, name: str) -> Line:
    x = np.array([epoch["epoch"] for epoch in history.epochs], dtype=float)
    y = np.array([np.nan if epoch.get(metric) is None else epoch[metric] for epoch in history.epochs], dtype=float)
    best = max((place for place, epoch in enumerate(history.epochs) if epoch.get("best")), default=None)
    return Line(name, x, y, True, best)


def _validation(history: History, metric: str) -> Line:
    """At the ends of epochs, and within them where all validation pictures were measured."""
    ends = _at_ends(history, metric, "validation")
    steps, _, values = history.within_epochs(metric)
    if not len(steps):
        return ends
    x = np.concatenate([_epochs(history, steps), ends.x])
    order = np.argsort(x, kind="stable")
    keep = None if ends.keep is None else int(np.flatnonzero(order == len(steps) + ends.keep)[0])
    return Line(ends.name, x[order], np.concatenate([values, ends.y])[order], True, keep)


def _chart(title: str, lines: Sequence[Line], is_share: bool = False, usual: float | None = None) -> str:
    lines = [line for line in lines if np.isfinite(line.y).any()]
    if not any(np.isfinite(line.y).sum() > 1 for line in lines):
        return ""
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines])
    low, high = float(values.min()), float(values.max())
    if usual is not None and (edge := _edge(values, usual)) is not None:
        high = edge
    ticks = _ticks(low, 1.0 if is_share and high > 0.97 else high, 5)
    bottom, top = min(low, ticks[0]), max(high, ticks[-1])
    first, last = 0.0, max(1.0, *(float(line.x.max()) for line in lines))

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * (x - first) / (last - first)
        up = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - bottom) / ((top - bottom) or 1.0)
        return round(across, 1), round(max(TOP - 4.0, up), 1)

    parts = [_grid(ticks, place, is_share), _below(last, place)]
    parts += [_drawn(line, place, top) for line in lines]
    parts += [_star(line, place) for line in lines if line.name == "validation"]
    cut = int((values > top).sum())
    note = (
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{TOP - 2}" text-anchor="end">{count(cut, "point")} above</text>'
        if cut
        else ""
    )
    said = ", ".join(f"{line.name} from {_value(line, 0, is_share)} to {_value(line, -1, is_share)}" for line in lines)
    return (
        f'<figure class="chart"><figcaption>{title}{_legend(lines)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(f"{title} over the epochs: {said}")}">'
        f"{''.join(parts)}{note}</svg></figure>"
    )


def _edge(values: np.ndarray, usual: float) -> float | None:
    """Up to where an axis shows values of which a few lie far above all others; None when it shows all."""
    ordered = np.sort(values)
    edge = max(LEAST_ABOVE * usual, ABOVE * float(ordered[int(USUAL * (len(ordered) - 1))]))
    return edge if ordered[-1] > SLIGHTLY * edge else None


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from below the lowest to above the highest value."""
    if high - low < 1e-9 + abs(high) * 1e-3:  # a level line lies in the middle
        low, high = low - 0.05 * (abs(low) or 1.0), high + 0.05 * (abs(high) or 1.0)
    span = high - low
    raw = span / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= raw * 0.999)
    start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(start, end + 1)]


def _grid(ticks: list[float], place, is_share: bool) -> str:
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9) - 2) if is_share and len(ticks) > 1 else 0
    found = []
    for tick in ticks:
        _, y = place(0.0, tick)
        words = percent(tick, digits) if is_share else decimal(tick, 6)
        found.append(
            f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5}" text-anchor="end">{words}</text>'
        )
    return "".join(found)


def _below(last: float, place) -> str:
    """The axis of epochs."""
    found = []
    for tick in _ticks(0.0, last, 6):
        if tick <= last + 1e-9 and float(tick).is_integer():
            x, _ = place(tick, 0.0)
            found.append(
                f'<text class="tick" x="{x}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{tick:,.0f}</text>'
            )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'{"".join(found)}<text class="tick" x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">epoch</text>'


def _drawn(line: Line, place, top: float) -> str:
    kept = thin(line.y, POINTS, () if line.keep is None else (line.keep,))
    words, pen_is_up, dots = [], True, []
    for x, y in zip(line.x[kept].tolist(), line.y[kept].tolist(), strict=True):
        if not math.isfinite(y):
            pen_is_up = True
            continue
        across, up = place(x, min(y, top))
        words.append(f"{'M' if pen_is_up else 'L'}{across} {up}")
        dots.append(f'<circle cx="{across}" cy="{up}" r="2.2"/>')
        pen_is_up = False
    marks = f'<g class="{line.name} dots">{"".join(dots)}</g>' if line.is_marked and len(dots) <= MOST_MARKERS else ""
    return f'<path class="{line.name} line" d="{"".join(words)}"/>{marks}'


def _star(line: Line, place) -> str:
    """At the best epoch."""
    if line.keep is None or not math.isfinite(float(line.y[line.keep])):
        return ""
    x, y = place(float(line.x[line.keep]), float(line.y[line.keep]))
    turns = [(math.pi * each / 5, 6.5 if each % 2 == 0 else 2.7) for each in range(10)]
    points = " ".join(f"{x + size * math.sin(turn):.1f},{y - size * math.cos(turn):.1f}" for turn, size in turns)
    return f'<polygon class="best" points="{points}"/>'


def _legend(lines: Sequence[Line]) -> str:
    found = "".join(f'<span class="{line.name} key">{line.name}</span>' for line in lines)
    has_star = any(line.name == "validation" and line.keep is not None for line in lines)
    return f" <small>{found}{'<span>★ best epoch</span>' if has_star else ''}</small>"


def _value(line: Line, place: int, is_share: bool) -> str:
    known = line.y[np.isfinite(line.y)]
    return percent(float(known[place])) if is_share else decimal(float(known[place]))
