"""The gradients of one batch, whole or, when memory is short, in micro-batches that add up to the same."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import torch
from torch import nn

from core.machine.memory import OutOfMemory, release, said_of, told
from core.text.numbers import count
from core.training.losses import LossSettings

Outcome = tuple[torch.Tensor, torch.Tensor]  # mean loss (), logits (n, classes), without gradients
SMALLER = "choose a smaller network, smaller pictures or another device"  # where fewer pictures at a time do not help
Mix = tuple[torch.Tensor, float | torch.Tensor]  # MixUp: labels of the pictures mixed in (n,), share of the first ones


class BatchTooLarge(Exception):
    """The gradients of a batch did not fit into memory; nothing has changed."""


class MicroBatchesChanged(NamedTuple):
    """Memory was short: batches are cut into this many micro-batches from now on."""

    micro_batches: int


class Divisible(Protocol):
    """What remembers into how many micro-batches a full batch is cut."""

    micro_batches: int


def in_micro_batches(
    step: Callable[[int], Outcome],
    images: int,
    batch_size: int,
    smallest_batch: int,
    state: Divisible,
    device: torch.device,
) -> Generator[MicroBatchesChanged, None, Outcome]:
    """Takes a step with a batch of so many images, in twice as many micro-batches each time the memory is too short.

    `step` takes their number and raises BatchTooLarge; `state` remembers it for the steps to come. Raises OutOfMemory when
    a micro-batch would become smaller than `smallest_batch` images.
    """
    while True:
        try:
            return step(micro_batches_for(images, batch_size, state.micro_batches, smallest_batch))
        except BatchTooLarge:
            state.micro_batches = more_micro_batches(state.micro_batches, batch_size, smallest_batch, device)
        release(device)  # here nothing refers any more to what the failed try computed
        yield MicroBatchesChanged(state.micro_batches)


def add_gradients(
    network: nn.Module,
    loss_of: LossSettings,
    inputs: torch.Tensor,
    labels: torch.Tensor,
    mix: Mix | None,
    micro_batches: int,
    precision: AbstractContextManager,
    class_weights: torch.Tensor | None = None,
) -> Outcome:
    """Adds the gradients of the batch's mean loss to the weights' own.

    `inputs` (n, ...), `labels` (n,), `class_weights` (classes,) or None. Returns the mean loss () and the logits
    (n, classes), without gradients. In several micro-batches the sum is the same up to rounding, except that batch norm sees
    each alone. Raises torch's out-of-memory errors.
    """
    if micro_batches == 1:
        loss, logits = _loss(network, loss_of, inputs, labels, mix, precision, class_weights)
        loss.backward()
        return loss.detach(), logits.detach()
    total, parts = torch.zeros((), device=labels.device), []
    for index in torch.arange(len(labels), device=labels.device).tensor_split(min(micro_batches, len(labels))):
        some = (mix[0][index], mix[1]) if mix else None
        loss, logits = _loss(network, loss_of, inputs[index], labels[index], some, precision, class_weights)
        loss = loss * (len(index) / len(labels))
        loss.backward()
        total += loss.detach()
        parts.append(logits.detach())
    return total, torch.cat(parts)


def _loss(network, loss_of, inputs, labels, mix, precision, class_weights):
    with precision:
        logits = network(inputs)  # (n, classes)
    return loss_of_logits(loss_of, logits, labels, mix, class_weights), logits


def loss_of_logits(
    loss_of: LossSettings,
    logits: torch.Tensor,
    labels: torch.Tensor,
    mix: Mix | None,
    class_weights: torch.Tensor | None,
) -> torch.Tensor:
    """The mean loss () of logits (n, classes) and labels (n,), of mixed pictures for both labels."""
    loss = loss_of.measure(logits, labels, class_weights)
    if mix:
        others, share = mix
        loss = share * loss + (1 - share) * loss_of.measure(logits, others, class_weights)
    return loss


def prepared_batch(batch_size: int, smallest_batch: int, device: torch.device) -> AbstractContextManager[None]:
    """Around what makes a batch ready for the network, which is done for the whole of it. Raises OutOfMemory."""
    what = f"A batch of {batch_size:,} images does not fit into the memory before the network sees it"
    return told(lambda: OutOfMemory(what + said_of(device), *smaller_batch(batch_size, smallest_batch)))


def smaller_batch(batch_size: int, smallest_batch: int = 1) -> tuple[str, dict[str, int]]:
    """The way out of a memory that is short for a batch, and its setting; another one for a batch that cannot be smaller."""
    half = batch_size // 2
    if half < smallest_batch:
        return SMALLER, {}
    return f"choose a smaller batch size, such as {half:,}, or a smaller network", {"training.batch_size": half}


def micro_batches_for(images: int, batch_size: int, micro_batches: int, smallest_batch: int) -> int:
    """How many micro-batches a batch of so many images is cut into, when full ones are cut into `micro_batches`: none is
    larger, and none is smaller than the network takes."""
    return max(1, min(-(-images * micro_batches // batch_size), images // smallest_batch))


def more_micro_batches(micro_batches: int, batch_size: int, smallest_batch: int, device: torch.device) -> int:
    """Twice as many micro-batches, for a batch that did not fit. Raises OutOfMemory when they would become too small."""
    if batch_size // (micro_batches * 2) < smallest_batch:
        share = count(batch_size // micro_batches, "image")
        raise OutOfMemory(
            f"There is not enough memory for this network even with {share} at a time{said_of(device)}", SMALLER
        )
    return micro_batches * 2
