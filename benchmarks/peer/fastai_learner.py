"""fastai: a Learner around the tutorial's network and PyTorch's DataLoader, as in its page on migrating from PyTorch.

Timed in a callback's `after_batch`, which ends the fit with CancelFitException; the learner goes on in the next round.

It has no bfloat16 here: fastai's `to_bf16` asks for autocast on CUDA whatever the device, which does nothing on a
processor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from fastai.vision.all import SGD, Adam, Callback, CancelFitException, DataLoaders, Learner, accuracy, default_device

from benchmarks.peer.feeding import documented_loader, memory_loader
from benchmarks.peer.models import model
from benchmarks.peer.stopwatch import Stopwatch
from benchmarks.tutorials import TUTORIALS


class Timing(Callback):
    order = 100  # after the recorder and the progress bar

    def __init__(self):
        self.stopwatch: Stopwatch | None = None

    def after_batch(self):
        if self.training and self.stopwatch.tick():
            raise CancelFitException


def training_round(recipe: str, steps: int, variant: str, folder: Path) -> Callable[[], float]:
    default_device(False)  # the processor
    _, _, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    network = model(recipe, variant)
    published = optimizer_of(network.parameters()).defaults
    optimizer = partial(SGD, mom=published["momentum"]) if "momentum" in published else partial(Adam, wd=0.0)
    loader = documented_loader(recipe) if variant == "documented" else memory_loader(recipe, folder)
    learner = Learner(
        DataLoaders(loader, loader),
        network,
        loss_func=loss_class(),
        opt_func=optimizer,
        metrics=accuracy if variant == "documented" else None,
    )
    timing = Timing()
    learner.add_cb(timing)

    def one_round() -> float:
        timing.stopwatch = Stopwatch(steps)
        if variant == "documented":
            learner.fit(1, published["lr"])
        else:
            with learner.no_bar(), learner.no_logging():
                learner.fit(1, published["lr"])
        return timing.stopwatch.rate(batch_size)

    return one_round
