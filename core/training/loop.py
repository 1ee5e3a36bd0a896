"""The training loop: a generator that yields what happened and knows no files, processes or pages.

    state = begin(config, splits, device, weights_folder, precision)  # `core.training.build` knows configs, the loop does not
    for happened in train(state, setup_of(config), splits): ...

Whoever calls decides what to store and when to stop, after any step. A state that was stored and restored goes on exactly
where it was: the order of the images and their augmentation are made from the seed and the step's number alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from core.machine.ranks import Ranks
from core.runs.metrics import Evaluation
from core.training.batches import Pictures, Splits
from core.training.between import Between, Measure
from core.training.evaluation import Measuring, evaluate
from core.training.features import Features, Preparing
from core.training.frozen import TooManyFeatures, Trainable, trainable_part
from core.training.gradients import MicroBatchesChanged, in_micro_batches
from core.training.halving import FewerAtOnce, Fit, all_in_halves, within
from core.training.precision import Way, mixed
from core.training.recording import Recorder, recorder_for, set_learning_rate
from core.training.running_metrics import RunningMetrics
from core.training.sampling import Bounds, batch_bounds, order_of
from core.training.settings import TrainingSettings
from core.training.setup import Setup, stepper_of
from core.training.step import Batch, NotRecorded
from core.training.views import with_views
from core.training.weight_average import WeightAverage


@dataclass
class TrainingState:
    """Everything that changes while a run trains."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    learning_rate: float  # before the schedule; may be changed between two steps
    precision: torch.dtype
    least_batch: int  # images that a last batch needs for a step of its own; stays as it was when the training began
    average: WeightAverage | None = None
    layout: torch.memory_format = torch.channels_last  # of the network and what it receives
    epoch: int = 0  # epochs completed
    batch: int = 0  # batches done of the epoch under way
    step: int = 0  # optimizer updates done
    best: tuple[float, float] | None = None  # rank of the best epoch, larger is better
    epochs_without_improvement: int = 0
    micro_batches: int = 1  # that a batch is cut into because memory is short
    running_metrics: RunningMetrics = field(default_factory=RunningMetrics)  # of the epoch under way
    part: int = 0  # images of `val` that are measured within an epoch; 0: not known yet
    schedule_memory: dict[str, float] = field(default_factory=dict)
    scheduled: float = math.nan  # learning rate of the last step, after the schedule

    @property
    def eval_model(self) -> nn.Module:
        """The network that is validated, kept as best and used: the average if there is one."""
        return self.average.model if self.average else self.model


class Step(NamedTuple):
    """One optimizer update was done."""

    epoch: int  # from 1
    step: int  # from 1, over all epochs
    images: int
    loss: torch.Tensor  # scalar on the device: reading it waits for the device, so read it seldom


class Validated(NamedTuple):
    """The network was validated within an epoch, for the curves alone."""

    epoch: int  # under way, from 1
    step: int
    metrics: dict[str, float]  # val/loss, val/accuracy
    images: int  # of `val` that were measured: some, or all
    seconds: float  # that it took


class Epoch(NamedTuple):
    """An epoch was completed and validated."""

    epoch: int
    step: int
    metrics: dict[str, float]  # train/loss, train/accuracy, val/loss, val/accuracy
    is_best: bool
    confusion: np.ndarray  # (classes, classes) int64, of `val`, rows true, columns predicted
    probe: np.ndarray  # (n, classes) float32, probabilities for the probe images of `val`


Happened = (
    Preparing | TooManyFeatures | Step | MicroBatchesChanged | NotRecorded | FewerAtOnce | Measuring | Validated | Epoch
)


def train(
    state: TrainingState,
    setup: Setup,
    splits: Splits,
    probe: torch.Tensor | None = None,
    ranks: Ranks | None = None,
    fit: Fit | None = None,
) -> Iterator[Happened]:
    """Trains from where `state` is to the last epoch, changing `state` in place.

    probe (n,) int64 on the CPU: which images of `val` each epoch says the probabilities of. `ranks`: connected; each of them
    calls this with the same state, and what rank 0 does between two steps, such as another learning rate, counts for all.
    `fit`: how many pictures are measured at a time. Raises OutOfMemory when even the smallest micro-batch does not fit into
    the memory, or a batch before the network sees it.
    """
    training, size, fit = setup.training, setup.training.evaluation_batch_size, fit or Fit()
    device = splits.train.labels.device
    bounds = batch_bounds(len(splits.train), training.batch_size, state.least_batch)
    part = yield from trainable_part(
        state.model, state.average, setup.augmentation, size, splits, state.precision, ranks is None, fit
    )
    network, judged, val = part.network, part.eval_model, part.val
    if training.views != "one":  # features are those of pictures as they are
        judged, val = with_views(state.eval_model, training.views), splits.val
    way = Way(state.precision, state.layout)
    recorder = None if training.compile or ranks else recorder_for(device)
    step = stepper_of(setup, part, splits.train, state.optimizer, way, bounds[0][1], recorder, ranks)
    probe_inputs = None if probe is None else next(iter(val.batches(probe, [(0, len(probe))])))[0]
    between = Between(training, val, state.part)

    def measure(
        pictures: Pictures | Features, ranks: Ranks | None = None
    ) -> Generator[Measuring | FewerAtOnce, None, Evaluation]:
        return evaluate(judged, pictures, setup.loss, size, state.precision, ranks=ranks, fit=fit)

    while not _has_ended(state, training):
        network.train()
        for batch in _batches(state, setup, splits.train, part, bounds, recorder):
            if ranks:
                state.learning_rate = ranks.from_first(state.learning_rate)
            _set_learning_rate(state, setup, state.epoch + state.batch / len(bounds))
            labels = batch[1]
            loss, logits = yield from in_micro_batches(
                partial(step, batch), len(labels), training.batch_size, setup.smallest_batch, state, device
            )
            if news := step.news():
                yield news
            if state.average:
                state.average.update()
            state.step += 1
            state.batch += 1
            state.running_metrics.add(logits, labels, loss)
            yield Step(state.epoch + 1, state.step, len(labels), loss)
            if (ranks is None or ranks.rank == 0) and between.is_due(state.step, len(bounds) - state.batch):
                yield (yield from _validated(state, between, measure))
                network.train()
        result = yield from measure(val, ranks)
        between.epoch_begins()
        metrics, is_best = _completed(state, setup, result)
        probabilities = _probabilities(judged, probe_inputs, mixed(state.precision, device), fit)
        yield Epoch(state.epoch, state.step, metrics, is_best, result.confusion, probabilities)


def _has_ended(state: TrainingState, training: TrainingSettings) -> bool:
    waits = training.patience and state.epochs_without_improvement >= training.patience
    return state.epoch >= training.epochs or bool(waits)


def _batches(
    state: TrainingState, setup: Setup, pictures: Pictures, part: Trainable, bounds: Bounds, recorder: Recorder | None
) -> Iterator[Batch]:
    """The batches that are left of the epoch under way, each with what is drawn at random for its augmentation, on a device, and
    for a recorder, as one tensor."""
    training, augmentation, device = setup.training, setup.augmentation, pictures.labels.device
    preparing, are_packed = partial(setup.preparing, device), device.type != "cpu" or recorder is not None
    changes = augmentation.is_on() and not part.on_features  # those of mirrored pictures were computed with the others
    random = torch.Generator()  # of the augmentation, on the CPU
    order = order_of(pictures.labels, training.balance == "sampling", _seeded(random, training.seed, state.epoch))
    turned = augmentation.turned(len(pictures), training.seed, state.epoch)
    for pick, labels in within(preparing, part.picks(order, bounds[state.batch :], random)):
        if not (changes or augmentation.mixes()):
            yield pick, labels
            continue
        some = None if turned is None else turned[order[slice(*bounds[state.batch])]]
        with preparing():
            drawn = augmentation.draw(len(labels), _seeded(random, training.seed, state.step), changes, some)
            batch: Batch = (pick, labels, drawn.packed(device) if are_packed else drawn)
        yield batch


def _completed(state: TrainingState, setup: Setup, result: Evaluation) -> tuple[dict[str, float], bool]:
    """Counts an epoch, `result` of which is its validation: its metrics, and whether it is the best so far."""
    metrics = {
        "train/loss": state.running_metrics.loss(),
        "train/accuracy": state.running_metrics.accuracy(),
        **result.metrics("val"),
    }
    by_loss, by_accuracy = (-result.loss, result.accuracy), (result.accuracy, -result.loss)
    rank = {"accuracy": by_accuracy, "loss": by_loss, "last": (float(state.epoch), 0.0)}[setup.training.best_by]
    is_best = state.best is None or rank > state.best
    state.best = rank if is_best else state.best
    state.epochs_without_improvement = 0 if is_best else state.epochs_without_improvement + 1
    state.epoch, state.batch, state.running_metrics = state.epoch + 1, 0, RunningMetrics()
    setup.schedule.after_epoch(state.schedule_memory, result.loss)
    return metrics, is_best


def _validated(
    state: TrainingState, between: Between, measure: Measure
) -> Generator[Measuring | FewerAtOnce, None, Validated]:
    start = time.perf_counter()
    result = yield from between.validate(measure)
    state.part = between.part
    seconds = time.perf_counter() - start
    return Validated(state.epoch + 1, state.step, result.metrics("val"), int(result.confusion.sum()), seconds)


def _probabilities(
    network: nn.Module, inputs: torch.Tensor | None, precision: AbstractContextManager, fit: Fit
) -> np.ndarray:
    """float32 (n, classes) of a network in evaluation mode, as it is after `evaluate`."""
    if inputs is None:
        return np.zeros((0, 0), np.float32)

    def of(start: int, end: int) -> np.ndarray:
        with torch.inference_mode(), precision:
            return network(inputs[start:end]).float().softmax(dim=1).cpu().numpy()

    return np.concatenate(all_in_halves(len(inputs), len(inputs), of, fit, inputs.device))


def _set_learning_rate(state: TrainingState, setup: Setup, epoch: float) -> None:
    scheduled = state.learning_rate * setup.schedule.factor(epoch, setup.training.epochs, state.schedule_memory)
    if scheduled == state.scheduled:
        return
    for group in state.optimizer.param_groups:
        set_learning_rate(group, scheduled * group["lr_scale"])
    state.scheduled = scheduled


def _seeded(random: torch.Generator, seed: int, number: int) -> torch.Generator:
    return random.manual_seed((seed * 1_000_003 + number) % 2**63)
