"""What of a network trains, and on what: with frozen layers in front, their output is computed once for all epochs."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from core.machine.memory import KINDS, free_bytes, is_out_of_memory, release
from core.training.augmentation import Augmentation
from core.training.batches import Pictures, Splits
from core.training.features import (
    Features,
    Preparing,
    can_cache,
    compute_features,
    features_bytes,
    rest_of,
    split_frozen,
)
from core.training.halving import FewerAtOnce, Fit
from core.training.precision import mixed
from core.training.sampling import Bounds
from core.training.weight_average import WeightAverage

MEMORY_SHARE = 0.5  # of the free memory that features may take


class TooManyFeatures(NamedTuple):
    """The features of so many images did not fit into the memory: pictures go through the frozen layers in every epoch."""

    images: int


@dataclass(frozen=True)
class Trainable:
    """The layers that train, those that are evaluated, and what both receive."""

    network: nn.Module
    eval_model: nn.Module
    train: Pictures | Features
    val: Pictures | Features

    @property
    def on_features(self) -> bool:
        """Whether the network receives features in place of pictures."""
        return isinstance(self.train, Features)

    def picks(
        self, order: torch.Tensor, bounds: Bounds, random: torch.Generator
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """What `train.picked` makes inputs of, and labels, of the training images, a batch at a time; mirrored ones are chosen
        by `random`."""
        if isinstance(self.train, Features) and self.train.mirrored:
            return self.train.picks(order, bounds, random)
        return self.train.picks(order, bounds)


def trainable_part(
    model: nn.Module,
    average: WeightAverage | None,
    augmentation: Augmentation,
    batch_size: int,
    splits: Splits,
    precision: torch.dtype,
    may_skip: bool = True,
    fit: Fit | None = None,
) -> Generator[Preparing | FewerAtOnce | TooManyFeatures, None, Trainable]:
    """Splits off the frozen layers and computes their features, so many images at a time, yielding how far that is.

    Nothing is split off when nothing is frozen in front, when augmentation shows other pictures in every epoch, when the
    features would take more memory than there is, as far as that can be foreseen, or when it may not be (`may_skip`).
    Raises OutOfMemory when one picture does not fit (see `Fit`).
    """
    eval_model = average.model if average else model
    frozen = layers_to_skip(model, augmentation, splits, precision) if may_skip else None
    whole = Trainable(model, eval_model, splits.train, splits.val)
    if frozen is None:
        return whole
    rest = split_frozen(model)[1]
    context, first = mixed(precision, splits.train.device), len(splits.train)
    images = first + len(splits.val)
    train: Features | None = None
    val: Features | None = None
    try:
        train = yield from compute_features(
            frozen, splits.train, batch_size, context, mirrored=augmentation.flip, images=images, fit=fit
        )
        val = yield from compute_features(frozen, splits.val, batch_size, context, before=first, images=images, fit=fit)
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
    if train is None or val is None:
        train = None
        release(splits.train.device)
        yield TooManyFeatures(images)
        return whole
    if len(train.shape) == 1 and splits.train.device.type == "cpu":
        torch.set_num_threads(1)  # a last layer's step gains nothing from a second (126 against 134 microseconds)
    return Trainable(rest, rest_of(eval_model, frozen) if average else rest, train, val)


def layers_to_skip(
    model: nn.Module, augmentation: Augmentation, splits: Splits, precision: torch.dtype
) -> nn.Module | None:
    """The frozen layers in front whose features can stand in for the pictures; None when every picture must pass them."""
    frozen, _ = split_frozen(model)
    if frozen is None or not can_cache(augmentation):
        return None
    device = splits.train.device
    context = mixed(precision, device)
    try:
        needed = features_bytes(frozen, splits.train, context, mirrored=augmentation.flip)
        needed += features_bytes(frozen, splits.val, context)
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
        return None  # the training says what is short
    return frozen if needed <= free_bytes(device) * MEMORY_SHARE else None
