"""How a network trains: what the loop needs of a config, and what takes its steps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core.machine.ranks import Ranks
from core.training.augmentation import Augmentation, Drawn
from core.training.batches import Pictures
from core.training.dense import dense_step
from core.training.division import Division
from core.training.frozen import Trainable
from core.training.gradients import Outcome, add_gradients, prepared_batch
from core.training.losses import LossSettings
from core.training.precision import Way, laid_out, mixed
from core.training.recording import Recorder
from core.training.sampling import class_weights
from core.training.schedules import ScheduleSettings
from core.training.settings import TrainingSettings
from core.training.step import Given, Stepper


@dataclass(frozen=True)
class Setup:
    """How a network trains: what the loop needs of a config."""

    training: TrainingSettings
    loss: LossSettings
    schedule: ScheduleSettings
    augmentation: Augmentation
    classes: int
    smallest_batch: int  # images that the network needs at a time
    black_background: bool  # what comes in from beyond a picture's edge is black

    def preparing(self, device: torch.device) -> AbstractContextManager[None]:
        """Around what makes a batch ready for the network. Raises OutOfMemory."""
        return prepared_batch(self.training.batch_size, self.smallest_batch, device)


def stepper_of(
    setup: Setup,
    part: Trainable,
    pictures: Pictures,
    optimizer: torch.optim.Optimizer,
    way: Way,
    images: int,
    recorder: Recorder | None,
    ranks: Ranks | None,
) -> Stepper:
    """What takes the steps of the part of a network that trains on these pictures, in batches of so many `images`."""
    training, network, labels = setup.training, part.network, pictures.labels
    if training.compile and ranks:
        network.compile()
    weights = class_weights(labels, setup.classes) if training.balance == "weights" else None
    clip = training.gradient_clip
    add: Callable[..., Outcome] = add_gradients
    move: Callable[[], None] | None = None
    if ranks:
        add = Division(network, ranks).add_gradients
    elif training.compile:
        add = _compiled(network, images)
    elif recorder is None and (dense := dense_step(network, optimizer, way.precision, bool(clip))):
        add, move = dense.add_gradients, dense.move
    precision, make = mixed(way.precision, labels.device), _maker(setup, part, pictures, way.layout)
    return Stepper(network, setup.loss, optimizer, precision, weights, clip, recorder, images, make, add, move)


def _maker(setup: Setup, part: Trainable, pictures: Pictures, layout: torch.memory_format) -> Callable[..., Given]:
    """What makes of a batch what the network receives."""
    augmentation, device = setup.augmentation, pictures.labels.device
    fill = pictures.offset if setup.black_background else None  # the network input that means black

    def make(pick: torch.Tensor, labels: torch.Tensor, drawn: Drawn | torch.Tensor | None = None) -> Given:
        mix = None
        with setup.preparing(device):
            inputs = part.train.picked(pick)
            if drawn is not None:
                drawn = drawn if isinstance(drawn, Drawn) else Drawn.of(drawn, augmentation.mixes())
                inputs, mix = augmentation.carry_out(inputs, labels, drawn, fill)
            return laid_out(inputs, layout), labels, mix

    return make


def _compiled(network: nn.Module, images: int) -> Callable[..., Outcome]:
    """`add_gradients` that computes batches of so many images with a compiled network. All others, such as an epoch's last, and
    evaluation stay as they are: torch would compile anew for each of their sizes, and that takes longer than it gains."""
    compiled = torch.compile(network)

    def add(network: nn.Module, loss_of: LossSettings, inputs: torch.Tensor, *rest: Any) -> Outcome:
        is_whole = len(inputs) == images and rest[2] == 1  # in one micro-batch
        return add_gradients(compiled if is_whole else network, loss_of, inputs, *rest)

    return add
