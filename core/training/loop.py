"""The training loop: a generator that yields what happened and knows no files, processes or pages.

    state = begin(config, splits, device, weights_folder)
    for happened in train(state, config, splits): ...

Whoever calls decides what to store and when to stop, after any step.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from core.config import RunConfig
from core.training.batches import Pictures, Splits, batch_bounds
from core.training.linear import use_onednn
from core.training.losses import LossSettings
from core.training.tally import Tally


@dataclass
class TrainingState:
    """Everything that changes while a run trains."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    random: torch.Generator  # data order and augmentation, on the CPU
    epoch: int = 0  # epochs completed
    step: int = 0  # optimizer updates done
    best: tuple[float, float] | None = None  # val accuracy and minus val loss of the best epoch


class Step(NamedTuple):
    """One optimizer update was done."""

    epoch: int  # from 1
    step: int  # from 1, over all epochs
    images: int
    loss: torch.Tensor  # scalar on the device: reading it waits for the device, so read it seldom


class Measuring(NamedTuple):
    """A batch of an evaluation was done."""

    done: int  # images
    images: int


class Epoch(NamedTuple):
    """An epoch was completed and validated."""

    epoch: int
    step: int
    metrics: dict[str, float]  # train/loss, train/accuracy, val/loss, val/accuracy
    is_best: bool


@dataclass(frozen=True)
class Evaluation:
    """How a network does on a split."""

    loss: float
    confusion: np.ndarray  # (classes, classes) int64, rows true, columns predicted

    @property
    def accuracy(self) -> float:
        return float(np.diag(self.confusion).sum() / self.confusion.sum())


def begin(config: RunConfig, splits: Splits, device: torch.device, weights_folder: Path) -> TrainingState:
    """A fresh network on the device, with published weights if the architecture asks for them, and its optimizer.

    Raises TrainDeskError when such weights cannot be had.
    """
    torch.manual_seed(config.training.seed)  # weights and dropout
    model = config.architecture.build(splits.train.shape, len(config.dataset.info().class_names))
    config.architecture.load_initial_weights(model, weights_folder)
    model = model.to(device, memory_format=torch.channels_last)
    use_onednn(model)
    optimizer = config.optimizer.build([weights for weights in model.parameters() if weights.requires_grad])
    random = torch.Generator().manual_seed(config.training.seed)
    return TrainingState(model, optimizer, random)


def train(state: TrainingState, config: RunConfig, splits: Splits) -> Iterator[Step | Measuring | Epoch]:
    """Trains from where `state` is to the last epoch, changing `state` in place."""
    model, optimizer, loss_of = state.model, state.optimizer, config.loss
    device = splits.train.labels.device
    bounds = batch_bounds(len(splits.train), config.training.batch_size)
    outside = splits.train.offset if config.dataset.black_background else None  # the network input that means black
    while state.epoch < config.training.epochs:
        model.train()
        order = torch.randperm(len(splits.train), generator=state.random).to(device)
        tally = Tally()
        for start, end in bounds:
            inputs, labels = splits.train.pick(order[start:end])  # (n, C, H, W), (n,)
            if config.augmentation.is_on():
                inputs = config.augmentation.apply(inputs, state.random, outside)
            logits = model(inputs)  # (n, classes)
            loss = loss_of.measure(logits, labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            state.step += 1
            loss = loss.detach()
            tally.add(logits.detach(), labels, loss)
            yield Step(state.epoch + 1, state.step, end - start, loss)
        val = yield from evaluate(model, splits.val, loss_of, config.training.evaluation_batch_size)
        state.epoch += 1
        metrics = {
            "train/loss": tally.loss(),
            "train/accuracy": tally.accuracy(),
            "val/loss": val.loss,
            "val/accuracy": val.accuracy,
        }
        rank = (val.accuracy, -val.loss)
        is_best = state.best is None or rank > state.best
        if is_best:
            state.best = rank
        yield Epoch(state.epoch, state.step, metrics, is_best)


def evaluate(
    model: nn.Module, pictures: Pictures, loss_of: LossSettings, batch_size: int
) -> Generator[Measuring, None, Evaluation]:
    """Measures a network on a split, yielding after each batch; the result is the generator's return value."""
    model.eval()
    device = pictures.labels.device
    loss_sum = torch.zeros((), device=device)
    confusion: torch.Tensor | None = None  # (classes * classes,)
    for start in range(0, len(pictures), batch_size):
        with torch.inference_mode():
            inputs, labels = pictures.slice(start, start + batch_size)
            logits = model(inputs)
            loss_sum += loss_of.measure(logits, labels) * len(labels)
            classes = logits.shape[1]
            cells = torch.bincount(labels * classes + logits.argmax(dim=1), minlength=classes * classes)
            confusion = cells if confusion is None else confusion + cells
        yield Measuring(min(start + batch_size, len(pictures)), len(pictures))
    assert confusion is not None, "a split is never empty"
    return Evaluation(loss=loss_sum.item() / len(pictures), confusion=confusion.view(classes, classes).cpu().numpy())
