"""How a network does on the pictures of a split."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import nn

from core.machine.ranks import Ranks
from core.runs.metrics import Evaluation
from core.training.batches import Pictures
from core.training.features import Features
from core.training.halving import FewerAtOnce, Fit, in_halves
from core.training.losses import LossSettings
from core.training.precision import mixed

Yielded = TypeVar("Yielded")
Returned = TypeVar("Returned")


class Measuring(NamedTuple):
    """A batch of an evaluation was done."""

    done: int  # images
    images: int


def drained(work: Generator[Yielded, None, Returned], told: Callable[[Yielded], object] = lambda _: None) -> Returned:
    """The return value of a generator; what it yields goes to `told`, which may end it by raising."""
    while True:
        try:
            each = next(work)
        except StopIteration as end:
            return end.value
        told(each)


def evaluate(
    model: nn.Module,
    pictures: Pictures | Features,
    loss_of: LossSettings,
    batch_size: int,
    precision: torch.dtype = torch.float32,
    kept: list[torch.Tensor] | None = None,
    ranks: Ranks | None = None,
    fit: Fit | None = None,
) -> Generator[Measuring | FewerAtOnce, None, Evaluation]:
    """Measures a network on a split, yielding after each batch; the result is the generator's return value.

    The loss is without label smoothing, so that it says how well the network knows the classes. The logits of each batch,
    float32 (k, classes) on the CPU, are appended to `kept`. The network is left in evaluation mode. Of several `ranks` each
    measures some of the batches, and all return the result of all. A batch that does not fit into the memory is halved, as
    far as `fit` says; raises OutOfMemory when one picture does not fit.
    """
    model.eval()
    device = pictures.labels.device
    loss_of = loss_of.plain()
    loss_sum = torch.zeros((), device=device)
    confusion: torch.Tensor | None = None  # (classes, classes)
    bounds = [(start, min(start + batch_size, len(pictures))) for start in range(0, len(pictures), batch_size)]
    own = bounds if ranks is None else bounds[ranks.rank :: ranks.size]

    def measured_in(batch: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        inputs, labels = batch
        with torch.inference_mode():
            with mixed(precision, device):
                logits = model(inputs)
            loss, classes = loss_of.measure(logits, labels) * len(labels), logits.shape[1]
            cells = torch.bincount(labels * classes + logits.argmax(dim=1), minlength=classes * classes)
            return loss, cells.view(classes, classes), logits.float().cpu() if kept is not None else None

    for each in in_halves(own, lambda some: pictures.batches(None, some), measured_in, fit or Fit(), device):
        if isinstance(each, FewerAtOnce):
            yield each
            continue
        _, done, (loss, cells, logits) = each
        with torch.inference_mode():
            loss_sum += loss
            confusion = cells if confusion is None else confusion + cells
        if kept is not None and logits is not None:
            kept.append(logits)
        yield Measuring(done, len(pictures))
    measured = [(loss_sum.item(), None if confusion is None else confusion.cpu().numpy())]
    if ranks is not None:
        measured = ranks.gathered(measured[0])
    confusions = [part for _, part in measured if part is not None]  # a rank may have had no batch
    return Evaluation(loss=sum(loss for loss, _ in measured) / len(pictures), confusion=np.sum(confusions, axis=0))
