"""The curves of a run: what each chart shows, over epochs, steps or time, smoothed if someone likes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from core.runs import running
from core.runs.history import History
from core.runs.metrics import BY_NAME, in_chart
from core.runs.running import step_columns
from core.text.numbers import decimal
from pages.components.charts.live_plot import Curve

AxisName = Literal["epoch", "step", "time"]
RAW_POINTS = 1000  # of a curve behind its smoothed form


@dataclass(frozen=True)
class Axis:
    """What the curves run over."""

    name: AxisName = "epoch"
    seconds: float = 0.0  # of training that a time axis has to show: decides its unit

    def title(self) -> str:
        """What stands below a chart."""
        return self.name if self.name != "time" else f"training time, {self._unit()[0]}"

    def of_steps(self, history: History, steps: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Places (N,) of steps (N,) that were done at these Unix times (N,)."""
        if self.name == "step":
            return steps.astype(float)
        if self.name == "epoch":
            return running.epochs_at(history, steps)
        return history.trained_at(steps, times) / self._unit()[1]

    def of_epochs(self, history: History) -> np.ndarray:
        """Places (E,) of the ends of the epochs."""
        epochs = list(history.epochs)
        if self.name == "epoch":
            return np.array([epoch["epoch"] for epoch in epochs], dtype=float)
        steps = np.array([epoch["step"] for epoch in epochs])
        times = np.array([epoch["time"] for epoch in epochs])
        return self.of_steps(history, steps, times) if epochs else np.zeros(0)

    def of_step(self, history: History, step: int, time: float) -> float:
        """Place of one step that was done at this Unix time."""
        return float(self.of_steps(history, np.array([step]), np.array([time]))[0])

    def _unit(self) -> tuple[str, float]:
        seconds = self.seconds
        return ("hours", 3600.0) if seconds > 7200 else ("minutes", 60.0) if seconds > 180 else ("seconds", 1.0)


EPOCHS = Axis()


def chart_curves(history: History, chart: str, axis: Axis = EPOCHS, smoothing: float = 0.0) -> list[Curve]:
    """All metrics that the table puts into a chart: those of steps from the first one on, training accuracy as its running mean,
    those of validation at the ends of epochs and within them."""
    curves: list[Curve] = []
    for metric in in_chart(chart):
        if metric.of_split:
            curves += _validation_curves(history, metric.name, metric.line, axis, metric.colour)
            continue
        curve = metric_curve(history, metric.name, metric.line, axis, metric.colour)
        if smoothing and metric.better:
            curves.append(replace(curve, name=f"{curve.name}, as it is", is_faint=True, most=RAW_POINTS))
            curve = replace(curve, y=smoothed(curve.y, smoothing), most=RAW_POINTS)
        curves.append(curve)
    return curves


def usual_loss(history: History) -> float:
    """The loss of a network that knows nothing, ln(classes): what is far above it is an exception."""
    return math.log(max(2, len((history.started or {}).get("class_names", ()))))


def metric_curve(history: History, name: str, title: str, axis: Axis, colour: int, within: bool = True) -> Curve:
    """One line for a metric, at every place where the log says something of it; not `within`: validation at the ends of epochs
    alone, as soon as there is one.
    """
    if name == "train/accuracy":
        return running_accuracy(history, title, axis, colour)
    if BY_NAME[name].of_step:
        steps, times, values = step_columns(history, "step", "time", name)
        return Curve(title, axis.of_steps(history, steps, times), values, colour)
    curve = validation_curve(history, name, title, axis, colour)
    if not within and len(history.epochs):
        curve = epoch_curve(history, name, title, axis, colour)
    return curve if len(curve.x) else _of_a_part(history, name, title, axis, colour)


def all_within(histories: Sequence[History], name: str) -> bool:
    """Whether all these runs that ended an epoch were validated on all their pictures within epochs too: else their curves
    are alike only when each has the ends of its epochs alone. Of a metric of steps, yes."""
    return not BY_NAME[name].of_split or all(
        len(history.within_epochs(name)[0]) for history in histories if len(history.epochs)
    )


def validation_curve(history: History, name: str, title: str, axis: Axis, colour: int) -> Curve:
    """A metric at the ends of epochs, with smaller points where all validation pictures were measured within one."""
    ends = epoch_curve(history, name, title, axis, colour)
    steps, times, values = history.within_epochs(name)
    if not len(steps):
        return ends
    x = np.concatenate([axis.of_steps(history, steps, times), ends.x])
    order = np.argsort(x, kind="stable")
    is_within = order < len(steps)
    kept = tuple(int(np.flatnonzero(order == len(steps) + best)[0]) for best in ends.keep)
    y = np.concatenate([values, ends.y])[order]
    return Curve(title, x[order], y, colour, markers=True, keep=kept, is_small=is_within)


def running_accuracy(history: History, title: str, axis: Axis, colour: int) -> Curve:
    """Training accuracy over the last pictures at each recorded step, see `core.runs.running`.

    Runs of before steps had one show that of each epoch.
    """
    steps, times, y = running.accuracy(history)
    ends = epoch_curve(history, "train/accuracy", title, axis, colour)
    if not len(steps):
        return ends
    x = axis.of_steps(history, steps, times)
    earlier = ends.x < x[0]
    return Curve(title, np.concatenate([ends.x[earlier], x]), np.concatenate([ends.y[earlier], y]), colour)


def epoch_curve(history: History, name: str, title: str, axis: Axis, colour: int) -> Curve:
    """A metric of each epoch; the best epoch is never thinned away."""
    epochs = list(history.epochs)
    y = np.array([np.nan if epoch.get(name) is None else epoch[name] for epoch in epochs], dtype=float)
    best = _best_place(epochs)
    return Curve(title, axis.of_epochs(history), y, colour, markers=True, keep=() if best is None else (best,))


def best_point(history: History, name: str, axis: Axis = EPOCHS) -> tuple[float, float] | None:
    """(place, value) of the best epoch, if its value is a number."""
    curve = epoch_curve(history, name, "", axis, 0)
    if not curve.keep or not np.isfinite(curve.y[curve.keep[0]]):
        return None
    return float(curve.x[curve.keep[0]]), float(curve.y[curve.keep[0]])


def marks(history: History, axis: Axis = EPOCHS) -> list[tuple[float, str]]:
    """(place, words) where someone changed the learning rate, and where the training went on after a pause."""
    changed = [
        (axis.of_step(history, event["step"], event["time"]), f"learning rate {decimal(event['learning_rate'])}")
        for event in list(history.learning_rates)
        if event.get("learning_rate")
    ]
    resumed = [(axis.of_step(history, session.step, session.time), "resumed") for session in list(history.sessions)[1:]]
    return sorted(changed + resumed)


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average of (N,), without the pull towards zero at the beginning, as TensorBoard draws it.

    What is not a number is passed over and stays so.
    """
    from scipy.signal import lfilter  # a third of a second, for those who ask for it

    result = np.full(len(values), np.nan)
    is_number = np.isfinite(values)
    numbers = values[is_number]
    sums = lfilter([1 - weight], [1, -weight], numbers)
    result[is_number] = sums / -np.expm1(np.arange(1, len(numbers) + 1) * np.log(weight)) if weight else numbers
    return result


def _validation_curves(history: History, name: str, title: str, axis: Axis, colour: int) -> list[Curve]:
    """That of all validation pictures, and thin behind it that of a part of them, where within epochs a part was measured."""
    whole = validation_curve(history, name, title, axis, colour)
    images = history.validations.column("images")
    images = images[images != (history.started or {}).get("val_images")]
    if not len(images):
        return [whole]
    return [_of_a_part(history, name, f"{title}, {int(images[-1]):,} pictures", axis, colour), whole]


def _of_a_part(history: History, name: str, title: str, axis: Axis, colour: int) -> Curve:
    steps, times, values = history.within_epochs(name, of_all=False)
    return Curve(title, axis.of_steps(history, steps, times), values, colour)


def _best_place(epochs: list) -> int | None:
    return max((index for index, epoch in enumerate(epochs) if epoch.get("best")), default=None)
