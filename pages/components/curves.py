"""The curves of a run: what each chart shows, over epochs, steps or time, smoothed if someone likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.runs.history import History
from pages.components.histories import SharedHistory
from pages.components.live_plot import Curve
from pages.components.wording import decimal

AxisName = Literal["epoch", "step", "time"]
RAW_POINTS = 1000  # of a curve behind its smoothed form


@dataclass(frozen=True)
class Axis:
    """What the curves run over."""

    name: AxisName = "epoch"
    seconds: float = 0.0  # of training that a time axis has to show: decides its unit

    def title(self) -> str:
        return self.name if self.name != "time" else f"training time, {self._unit()[0]}"

    def of_steps(self, history: History, steps: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Places (N,) of steps (N,) that were done at these Unix times (N,)."""
        if self.name == "step":
            return steps.astype(float)
        if self.name == "epoch":
            return steps / max(1, (history.started or {}).get("steps_per_epoch", 1))
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
        return float(self.of_steps(history, np.array([step]), np.array([time]))[0])

    def _unit(self) -> tuple[str, float]:
        seconds = self.seconds
        return ("hours", 3600.0) if seconds > 7200 else ("minutes", 60.0) if seconds > 180 else ("seconds", 1.0)


def loss_curves(shared: SharedHistory, axis: Axis = Axis(), smoothing: float = 0.0) -> list[Curve]:  # noqa: B008
    """Train loss of each step and val loss of each epoch."""
    return [
        *_step_curves(shared, "train/loss", "train", axis, smoothing, colour=0),
        epoch_curve(shared.history, "val/loss", "val", axis, colour=1),
    ]


def accuracy_curves(shared: SharedHistory, axis: Axis = Axis()) -> list[Curve]:  # noqa: B008
    """Train and val accuracy of each epoch."""
    return [
        epoch_curve(shared.history, "train/accuracy", "train", axis, colour=0),
        epoch_curve(shared.history, "val/accuracy", "val", axis, colour=1),
    ]


def learning_rate_curves(shared: SharedHistory, axis: Axis) -> list[Curve]:
    return _step_curves(shared, "learning_rate", "learning rate", axis, 0.0, colour=2)


def pace_curves(shared: SharedHistory, axis: Axis, smoothing: float) -> list[Curve]:
    return _step_curves(shared, "images_per_second", "pictures a second", axis, smoothing, colour=3)


def epoch_curve(history: History, name: str, title: str, axis: Axis, colour: int) -> Curve:
    """A metric of each epoch; the best epoch is never thinned away."""
    epochs = list(history.epochs)
    y = np.array([np.nan if epoch.get(name) is None else epoch[name] for epoch in epochs], dtype=float)
    best = _best_place(epochs)
    return Curve(title, axis.of_epochs(history), y, colour, markers=True, keep=() if best is None else (best,))


def best_point(history: History, name: str, axis: Axis = Axis()) -> tuple[float, float] | None:  # noqa: B008
    """(place, value) of the best epoch, if its value is a number."""
    curve = epoch_curve(history, name, "", axis, 0)
    if not curve.keep or not np.isfinite(curve.y[curve.keep[0]]):
        return None
    return float(curve.x[curve.keep[0]]), float(curve.y[curve.keep[0]])


def marks(history: History, axis: Axis = Axis()) -> list[tuple[float, str]]:  # noqa: B008
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


def _step_curves(
    shared: SharedHistory, name: str, title: str, axis: Axis, smoothing: float, colour: int
) -> list[Curve]:
    """One curve, or a smoothed one with what it was made from faintly behind it."""
    steps, times, values = shared.columns("step", "time", name)
    x = axis.of_steps(shared.history, steps, times)
    if not smoothing:
        return [Curve(title, x, values, colour)]
    return [
        Curve(f"{title}, as it is", x, values, colour, is_faint=True, most=RAW_POINTS),
        Curve(title, x, smoothed(values, smoothing), colour, most=RAW_POINTS),
    ]


def _best_place(epochs: list) -> int | None:
    return max((index for index, epoch in enumerate(epochs) if epoch.get("best")), default=None)
