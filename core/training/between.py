"""Validation between the ends of epochs, for the curves: when, and on how many of the pictures.

It decides nothing and moves no weight: the best epoch, patience, schedules and everything else look at the ends of epochs
alone. So when it takes place may depend on the clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator

import torch

from core.runs.metrics import Evaluation
from core.training.batches import Pictures
from core.training.evaluation import Measuring
from core.training.features import Features
from core.training.halving import FewerAtOnce
from core.training.settings import TrainingSettings

SHORTEST, LONGEST = 0.5, 2.2  # seconds between two points; with the third left out before an epoch's end, at most 3
SLOWING = 60.0  # the points of a run get rarer: at most so many until it has trained twice as long
SHARE, LARGEST_SHARE = 0.05, 0.1  # of the time for validating: as a rule, and where that would leave too few points
DEAREST = 0.15  # seconds that a validation may take: of more pictures only a part is measured
FEWEST = 30  # pictures; if even they are too dear, the points come less often
PILOT = 64  # pictures, whose time says how many are not too dear
Measure = Callable[[Pictures | Features], Generator[Measuring | FewerAtOnce, None, Evaluation]]


class Between:
    """Says when a validation within an epoch is due, and measures it."""

    def __init__(self, training: TrainingSettings, val: Pictures | Features, part: int):
        """part: how many pictures an earlier session measured, 0 if none did."""
        self._steps, self._is_off = training.steps_between(), training.validate_every == "epoch"
        self._val = val
        self.part = len(val) if self._steps else min(part, len(val))
        self._pictures: Pictures | Features | None = None
        self._cost = 0.0  # seconds of the last validation
        self._begun = time.perf_counter()
        self.epoch_begins()

    def epoch_begins(self) -> None:
        """An epoch was validated at its end, or the first one begins."""
        self._last = self._epoch = time.perf_counter()
        self._batches = 0

    def is_due(self, step: int, left: int) -> bool:
        """Whether to validate after this step, to be asked after each. left: batches until the epoch ends."""
        if self._is_off or not left:
            return False
        if self._steps:
            return step % self._steps == 0
        self._batches += 1
        now = time.perf_counter()
        pause = self._pause(now - self._begun)
        if now - self._last < pause:
            return False
        return (now - self._epoch) / self._batches * left > pause / 3  # else the end of the epoch is point enough

    def validate(self, measure: Measure) -> Generator[Measuring | FewerAtOnce, None, Evaluation]:
        """Measures the network on the same `part` pictures each time."""
        self._val.labels[0].item()  # what a GPU still has to do of the training must not count
        if not self.part:
            self.part = yield from self._affordable(measure)
        if self._pictures is None:
            self._pictures = self._some(self.part)
        start = time.perf_counter()
        result = yield from measure(self._pictures)
        self._last = time.perf_counter()
        cost = self._last - start
        self._cost = (self._cost + cost) / 2 if self._cost else cost  # one hiccup alone says little
        return result

    def _pause(self, trained: float) -> float:
        """Seconds between two points after so many of training."""
        # a crowded computer gets fewer points, not a slower training
        longest = max(LONGEST, self._cost / LARGEST_SHARE)
        return min(max(self._cost / SHARE, SHORTEST, trained / SLOWING), longest)

    def _affordable(self, measure: Measure) -> Generator[Measuring | FewerAtOnce, None, int]:
        pilot = self._some(min(PILOT, len(self._val)))
        begun, quickest = time.perf_counter(), math.inf
        for turn in range(5):  # the first time chooses kernels, and of the others one may have been interrupted
            start = time.perf_counter()
            yield from measure(pilot)
            quickest = min(quickest, time.perf_counter() - start)
            if turn and time.perf_counter() - begun > DEAREST:
                break
        return affordable(quickest / len(pilot), len(self._val))

    def _some(self, count: int) -> Pictures | Features:
        return self._val if count == len(self._val) else self._val.only(part_of(self._val.labels, count))


def part_of(labels: torch.Tensor, count: int) -> torch.Tensor:
    """Which pictures of a split with these labels (n,) are measured: int64 (count,) on the CPU, each class by its share."""
    by_class = labels.cpu().argsort(stable=True)
    return by_class[torch.arange(count) * len(labels) // count].sort().values


def affordable(seconds: float, images: int) -> int:
    """How many pictures to measure when one takes so long, in two digits; all of them if nearly all could be."""
    most = int(DEAREST / max(seconds, 1e-9))
    if most >= 0.8 * images:
        return images
    step = 10 ** max(0, len(str(most)) - 2)
    return min(images, max(FEWEST, most // step * step))


def seconds_between(training: TrainingSettings, epoch: float, steps: int, image: float, images: int) -> float:
    """What validating within an epoch adds to one of so many seconds and steps. image: seconds for a picture of `images`."""
    if training.validate_every == "epoch":
        return 0.0
    if every := training.steps_between():
        return (steps - 1) // every * image * images
    cost = affordable(image, images) * image
    pause = min(max(cost / SHARE, SHORTEST), max(LONGEST, cost / LARGEST_SHARE))
    return epoch // pause * cost
