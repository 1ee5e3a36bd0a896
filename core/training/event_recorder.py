"""What is written down about a training: losses a few times a second, epochs, the throughput."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch

from core.errors import TrainDeskError
from core.machine.memory import peak_bytes
from core.runs.events import EPOCH, RESUMED, STARTED, STEP, VALIDATION, Record
from core.runs.metrics import Interval, of_steps
from core.training.batches import Splits
from core.training.loop import Epoch, Step, TrainingState, Validated
from core.training.precision import Way
from core.training.sampling import batch_bounds
from core.training.settings import TrainingSettings

POINTS = 1000  # points of the loss curve that a run aims at, if it has so many steps
SHORTEST_SILENCE = 0.05  # seconds between points of a fast run: nobody sees more, and each costs a moment
SHORTEST_SILENCE_GPU = 0.2  # the same on a GPU, which each reading makes wait for the processor
LONGEST_SILENCE = 0.5  # seconds between points of a slow run
MOST = 20_000  # points of a run, however long it takes, besides the ends of epochs: a log stays quick to read


class Recorder:
    """Gathers losses on the device and records their mean every few steps, because each reading waits for the device."""

    def __init__(self, training: TrainingSettings, splits: Splits, state: TrainingState, record: Record):
        self.steps_per_epoch = len(batch_bounds(len(splits.train), training.batch_size, state.least_batch))
        done = state.epoch * self.steps_per_epoch + state.batch
        # a run that went on with another batch size has taken more or fewer steps than that
        self.total_steps = state.step + max(0, self.steps_per_epoch * training.epochs - done)
        self._epochs, self._splits = training.epochs, splits
        self._device = device = splits.train.labels.device
        self._every = max(1, self.total_steps // POINTS)  # steps
        self._fewest = self.total_steps // MOST  # steps between two points
        self._shortest = SHORTEST_SILENCE if device.type == "cpu" else SHORTEST_SILENCE_GPU
        self._state = state
        self._record = record
        self._losses: list[torch.Tensor] = []
        self._images = 0
        self._counted = state.running_metrics.counts()  # right, and all, images of the epoch at the last record
        self._last: Step | None = None
        self._has_recorded = False
        self.begin_steps()

    def started(self, class_names: Sequence[str], threads: int, goes_on: bool = False, why: str = "") -> None:
        """Records what will be trained on what; `goes_on` says from where, `why` what it computes that way for."""
        state, splits, device = self._state, self._splits, self._device
        way = Way(state.precision, state.layout)
        where = {"step": state.step, "epoch": state.epoch} if goes_on else {}
        self._record(
            RESUMED if goes_on else STARTED,
            **where,
            device=str(device),
            device_name=torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
            precision=way.precision_name,
            layout=way.layout_name,
            why=why,
            threads=threads,
            parameters=sum(weights.numel() for weights in state.model.parameters()),
            train_images=len(splits.train),
            val_images=len(splits.val),
            test_images=len(splits.test),
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
            epochs=self._epochs,
            class_names=list(class_names),
        )
        self.begin_steps()

    def begin_steps(self) -> None:
        """Now the first step begins: what was prepared before must not count as slow training."""
        self._time = self._epoch_start = time.perf_counter()

    def step(self, step: Step) -> None:
        """Takes note of a step; records when enough have gathered or enough time has passed."""
        self._losses.append(step.loss)
        self._images += step.images
        self._last = step
        silence, steps = time.perf_counter() - self._time, len(self._losses)
        is_first = steps == 1 and not self._has_recorded  # a chart without a point says nothing
        # with it its running metrics end, and validation takes its time
        ends_epoch = self._state.batch == self.steps_per_epoch
        is_late = silence > LONGEST_SILENCE and steps >= self._fewest
        if is_first or ends_epoch or is_late or (steps >= self._every and silence > self._shortest):
            self.flush()

    def flush(self) -> None:
        """Records what has gathered. Raises TrainDeskError at the first loss that is not finite."""
        if not self._losses or self._last is None:
            return
        losses, hits, counted = self._state.running_metrics.read(self._losses)
        for position, loss in enumerate(losses):
            if not math.isfinite(loss):
                self._fail("The loss", self._last.step - len(losses) + 1 + position, loss)
        before, self._counted = self._counted, (hits, counted)
        hits, counted = (now - then for now, then in zip(self._counted, before, strict=True))
        now = time.perf_counter()
        steps = Interval(losses, self._images, now - self._time, hits, counted, self._state.scheduled)
        self._record(STEP, epoch=self._last.epoch, step=self._last.step, **of_steps(steps))
        self._losses.clear()
        self._images, self._time, self._has_recorded = 0, now, True

    def validated(self, validated: Validated) -> None:
        """Records a validation within an epoch."""
        self._record(
            VALIDATION,
            epoch=validated.epoch,
            step=validated.step,
            **validated.metrics,
            images=validated.images,
            seconds=round(validated.seconds, 3),
        )
        self._time += validated.seconds  # it must not count as slow training

    def waited(self, seconds: float) -> None:
        """Waiting for people must not count as slow training."""
        self._time += seconds
        self._epoch_start += seconds

    def epoch(self, epoch: Epoch) -> None:
        """Records an epoch."""
        self._counted = (0, 0)
        now = time.perf_counter()
        self._record(
            EPOCH,
            epoch=epoch.epoch,
            step=epoch.step,
            **epoch.metrics,
            best=epoch.is_best,
            seconds=round(now - self._epoch_start, 3),
            memory_bytes=peak_bytes(self._device),
        )
        self._time = self._epoch_start = now  # validation must not count as slow training

    def check(self, epoch: Epoch, is_finite: bool) -> None:
        """Raises TrainDeskError when the network gives no numbers any more, or holds some that are none, which the loss of its
        last step could not show."""
        if not math.isfinite(epoch.metrics["val/loss"]):
            self._fail("The loss", epoch.step, epoch.metrics["val/loss"])
        if not is_finite:
            self._fail("A weight", epoch.step, math.inf)

    def _fail(self, what: str, step: int, value: float) -> None:
        word = "NaN" if math.isnan(value) else "infinite"
        learning_rate = self._state.learning_rate
        raise TrainDeskError(
            f"{what} became {word} at step {step:,} with learning rate {learning_rate:g}; "
            f"try {learning_rate / 10:g} or less."
        )
