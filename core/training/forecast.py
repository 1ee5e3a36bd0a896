"""What a training will take: measured on a few of its own real steps, before it starts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from core.datasets import ImageData
from core.machine.cores import unnoticed
from core.machine.devices import claim, most_devices
from core.machine.memory import peak_bytes
from core.run_config import RunConfig
from core.training.batches import Pictures, Splits, split
from core.training.between import seconds_between
from core.training.build import begin, setup_of
from core.training.data import data_on_device, inputs_type, pixels_of_a_batch
from core.training.evaluation import Measuring
from core.training.features import Preparing
from core.training.frozen import layers_to_skip
from core.training.loop import Epoch, Step, TrainingState, train
from core.training.precision import set_up, way_by_rule
from core.training.sampling import BATCH_NORM_NEEDS, batch_bounds

WARM_UP_STEPS = 5  # the first steps choose kernels and take memory
FEATURE_BATCHES = 8  # of images that go through frozen layers for a forecast
LINK = 10e9  # bytes a second from GPU to GPU, as over PCI Express 3.0; what is faster pays earlier
WORD = 5e-5  # seconds that two GPUs need to agree on anything


@dataclass(frozen=True)
class Forecast:
    """What a config will take on this computer."""

    device: str
    precision: str
    threads: int
    parameters: int  # all weights
    trainable: int  # those that training moves
    memory_bytes: int  # the most in use: on a GPU of its memory, on the CPU by the whole process
    seconds_before: float  # once, for the features of frozen layers
    seconds_per_epoch: float  # with validation
    epochs: int
    devices: int = 1  # at once; of a forecast for one, those of a computer that has more
    times_as_fast: float = 1.0  # with so many at once as with one

    @property
    def seconds(self) -> float:
        """All epochs; the test at the end comes to about one validation more."""
        return self.seconds_before + self.seconds_per_epoch * self.epochs


def forecast(config: RunConfig, data_folder: Path, seconds: float = 1.5) -> Forecast:
    """Trains for about so many seconds and scales up. The dataset must be there. Raises TrainDeskError as training would.

    Meant for a process of its own: the memory is that of the whole process, as in a run.
    """
    with claim(config.training.device, pixels_of_a_batch(config)) as share:
        _set_up(config, share.device)
        splits, choice = data_on_device(config, data_folder, share.device)
        precision = choice.way.precision
        state = begin(config, splits, share.device, None, precision)  # random weights take as long as published ones
        size, most = config.training.batch_size, len(splits.train)
        skips = layers_to_skip(state.model, config.augmentation, splits, precision)
        if skips is not None:  # a pass over all images could take minutes
            most = FEATURE_BATCHES * size
        warm_up = _measure(state, config, _beginning(splits, min(most, WARM_UP_STEPS * size)), 0)
        enough = max(WARM_UP_STEPS, round(seconds / max(1e-6, warm_up.step))) * size
        timing = _measure(state, config, _beginning(splits, min(most, enough)), seconds)
        steps = len(batch_bounds(len(splits.train), config.training.batch_size, state.least_batch))
        devices, times = _on_several(config, state, splits, timing.step, seconds / 2, skips is not None)
        epoch = steps * timing.step + timing.measured * len(splits.val)
        if config.training.devices > 1:
            epoch /= times
        between = seconds_between(config.training, epoch, steps, timing.measured, len(splits.val))
        weights = list(state.model.parameters())
        return Forecast(
            device=str(share.device),
            precision=choice.way.precision_name,
            threads=share.threads,
            parameters=sum(tensor.numel() for tensor in weights),
            trainable=sum(tensor.numel() for tensor in weights if tensor.requires_grad),
            memory_bytes=peak_bytes(share.device),
            seconds_before=timing.prepared * (len(splits.train) + len(splits.val)),
            seconds_per_epoch=max(epoch + between, config.training.epoch_seconds),
            epochs=config.training.epochs,
            devices=devices,
            times_as_fast=times,
        )


def _on_several(
    config: RunConfig, state: TrainingState, splits: Splits, step: float, seconds: float, on_features: bool
) -> tuple[int, float]:
    """How many devices at once a training has or could have here, and how many times as fast it would be on them.

    `seconds` of steps with one device's share of a batch say what a part of it takes; `step` seconds take whole batches.
    """
    training = config.training
    devices = training.devices if training.devices > 1 else most_devices(training.device)
    device = splits.train.device
    if devices == 1 or on_features or device.type == "cpu":  # processes that share a processor's cores gain nothing
        return devices, 1.0
    share = max(BATCH_NORM_NEEDS, -(-training.batch_size // devices))
    smaller = config.model_copy(update={"training": training.model_copy(update={"batch_size": share})})
    some = _beginning(splits, WARM_UP_STEPS * share)
    _measure(state, smaller, some, 0)
    part = _measure(state, smaller, some, seconds).step
    weights = sum(each.numel() for each in state.model.parameters() if each.requires_grad)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in state.model.modules())
    return devices, step / step_on_several(part, weights, norms, devices)


def step_on_several(part: float, weights: int, norms: int, devices: int) -> float:
    """Seconds of a step on several devices, of which each needs `part` seconds for its share of the batch: what they tell each
    other comes to it, the gradients of so many weights in float32 and a word for each batch norm there and back."""
    told = 2 * (devices - 1) / devices * weights * 4 / LINK
    return part + told + (2 * norms + 3) * WORD


def seconds_by_sample(
    config: RunConfig, pixels: np.ndarray, labels: np.ndarray, images: int, test: int, seconds: float = 0.5
) -> float:
    """About how long a run takes whose dataset is not decoded yet, from a few steps with some of its pictures.

    pixels uint8 (n, C, H, W), labels int64 (n,); `images` are there for training with validation, `test` for the end.
    Raises TrainDeskError.
    """
    training = config.training
    held = max(1, round(images * training.validation_share))
    size = max(2, min(training.batch_size, len(labels) // 2))
    config = config.model_copy(update={"training": training.model_copy(update={"batch_size": size})})
    with unnoticed(), claim(training.device, pixels_of_a_batch(config)) as share:
        matrix = torch.from_numpy(pixels)
        sample = ImageData(matrix, torch.from_numpy(labels), matrix[:1], torch.from_numpy(labels[:1]))
        _set_up(config, share.device)
        way = way_by_rule(training.precision, share.device, pixels_of_a_batch(config))
        dtype = inputs_type(config, way.precision)
        splits = split(sample, config.dataset, 0.25, 0, share.device, dtype, layout=way.layout)
        state = begin(config, splits, share.device, None, way.precision)
        _measure(state, config, splits, 0)  # the first steps choose kernels and take memory
        on_processor = share.device.type == "cpu"
        timing = _measure(
            state, config, splits, seconds, _of_processor(share.threads) if on_processor else time.perf_counter
        )
    steps = len(batch_bounds(images - held, size, state.least_batch))
    at_the_end = (held + test) * (timing.measured + timing.prepared)  # through the whole network
    return timing.prepared * images + training.epochs * (steps * timing.step + held * timing.measured) + at_the_end


def _set_up(config: RunConfig, device: torch.device) -> None:
    set_up(device, config.training.precision, config.training.repeatable)


def _beginning(splits: Splits, images: int) -> Splits:
    def first(pictures: Pictures) -> Pictures:
        rows = torch.arange(len(pictures)) if pictures.rows is None else pictures.rows
        return replace(pictures, rows=rows[:images], labels=pictures.labels[:images])

    return replace(splits, train=first(splits.train), val=first(splits.val))


class _Timing(NamedTuple):
    prepared: float  # seconds for an image's features
    step: float  # seconds
    measured: float  # seconds for an image of a validation


def _of_processor(threads: int) -> Callable[[], float]:
    """A clock that stands still while others have the cores."""
    return lambda: time.process_time() / threads


def _measure(
    state: TrainingState,
    config: RunConfig,
    splits: Splits,
    seconds: float,
    clock: Callable[[], float] | None = None,
) -> _Timing:
    """Trains whole epochs until so many seconds of the clock, or of the day, have passed."""
    clock = clock or time.perf_counter
    endless = config.training.model_copy(
        update={"epochs": 1_000_000, "patience": 0, "compile": False, "validate_every": "epoch"}
    )
    spent: dict[type, list[float]] = defaultdict(list)  # seconds of each thing that happened, by its kind
    start = before = clock()
    for happened in train(state, replace(setup_of(config), training=endless), splits):
        if isinstance(happened, Step):
            happened.loss.item()  # waits for a GPU
        now = clock()
        spent[type(happened)].append(now - before)
        before = now
        if isinstance(happened, Epoch) and now - start >= seconds:
            break
    return _Timing(
        sum(spent[Preparing]) / (len(splits.train) + len(splits.val)),
        sum(spent[Step]) / max(1, len(spent[Step])),
        sum(spent[Measuring]) / (max(1, len(spent[Epoch])) * len(splits.val)),
    )
