"""The table of metrics: what is measured of a training, how it is computed, and how it is shown.

Whatever records, reads, draws, exports, compares or explains metrics goes through this table, so that a new metric is one row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """How a network does on all images of a split."""

    loss: float  # mean over all images
    confusion: np.ndarray  # (classes, classes) int64, rows true, columns predicted

    @property
    def accuracy(self) -> float:
        """Share of the images whose largest logit is that of their class, 0..1."""
        return float(np.diag(self.confusion).sum() / self.confusion.sum())

    def metrics(self, split: str) -> dict[str, float]:
        """What the table computes of it, by name: `split/loss`, `split/accuracy`."""
        own = [metric for metric in METRICS if metric.of_split and metric.name.startswith(f"{split}/")]
        return {metric.name: metric.of_split(self) for metric in own if metric.of_split}


@dataclass(frozen=True)
class Interval:
    """What the recorder knows of the steps since it last wrote one down."""

    losses: Sequence[float]  # of each batch
    images: int
    seconds: float
    hits: int  # images of the same epoch whose largest logit was right ...
    counted: int  # ... of so many
    learning_rate: float  # of the last step, after the schedule


@dataclass(frozen=True)
class Metric:
    """One row: a metric is computed for each recorded step, for each validation, or (neither) in the test at the end."""

    name: str  # in the log
    title: str  # in the middle of a sentence
    meaning: str  # for the glossary
    chart: str  # the title of the chart it is drawn in; empty: in none
    better: Literal["up", "down", ""]  # empty: it is set, not measured, so it is never smoothed
    line: str = ""  # its name in that chart
    colour: int = 4  # of the theme's
    of_step: Callable[[Interval], float | None] | None = None  # None: not known for these steps
    of_split: Callable[[Evaluation], float] | None = None


LOSS, ACCURACY = "Loss", "Accuracy"  # the two charts that every run shows
METRICS = (
    Metric(
        "train/loss", "training loss", "The loss on the pictures it learns from, measured while it learns.",
        LOSS, "down", "training", 0, of_step=lambda steps: sum(steps.losses) / len(steps.losses),
    ),
    Metric(
        "train/accuracy", "training accuracy",
        "The share of the pictures it learns from that it gets right, measured while it learns.",
        ACCURACY, "up", "training", 0, of_step=lambda steps: steps.hits / steps.counted if steps.counted > 0 else None,
    ),
    Metric(
        "learning_rate", "learning rate",
        "How large each correction is. Too large and the network jumps about, too small and it hardly moves.",
        "Learning rate", "", "learning rate", 2, of_step=lambda steps: steps.learning_rate,
    ),
    Metric(
        "images_per_second", "images per second", "How many training pictures the computer gets through in a second.",
        "Images per second", "up", "pictures a second", 3,
        of_step=lambda steps: round(steps.images / max(1e-9, steps.seconds), 1),
    ),
    Metric(
        "val/loss", "validation loss", "The loss on pictures that were held out and that it never learns from.",
        LOSS, "down", "validation", 1, of_split=lambda measured: measured.loss,
    ),
    Metric(
        "val/accuracy", "validation accuracy",
        "The share of the validation pictures, which it never learns from, that it gets right.",
        ACCURACY, "up", "validation", 1, of_split=lambda measured: measured.accuracy,
    ),
    Metric(
        "test/accuracy", "test accuracy",
        "The share of the test pictures that the best network gets right, measured once, at the very end.", "", "up",
    ),
)  # fmt: skip
BY_NAME = {metric.name: metric for metric in METRICS}
OF_STEPS = tuple(metric.name for metric in METRICS if metric.of_step)
OF_SPLITS = tuple(metric.name for metric in METRICS if metric.of_split)
# between runs, in this order
COMPARED = tuple(metric for metric in reversed(METRICS) if metric.chart in (LOSS, ACCURACY))


def of_steps(steps: Interval) -> dict[str, float]:
    """The metrics of some steps by name, those that are known."""
    found = {metric.name: metric.of_step(steps) for metric in METRICS if metric.of_step}
    return {name: value for name, value in found.items() if value is not None}


def in_chart(chart: str) -> tuple[Metric, ...]:
    """The metrics that a chart shows."""
    return tuple(metric for metric in METRICS if metric.chart == chart)


def more_charts() -> tuple[str, ...]:
    """Titles of the charts beside loss and accuracy."""
    return tuple(dict.fromkeys(metric.chart for metric in METRICS if metric.chart not in (LOSS, ACCURACY, "")))
