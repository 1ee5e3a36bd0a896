"""skorch: a NeuralNetClassifier around the tutorial's network.

Timed in the net's own `on_batch_end`, a hook that subclasses may use even where callbacks are disabled. A KeyboardInterrupt
ends a fit early, which skorch expects; `partial_fit` goes on with the same network in the next round.

Its "best" follows the page on performance in its documentation. It has no switch for bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from skorch import NeuralNetClassifier
from torch.nn import functional as F

from benchmarks.peer.feeding import batch_sampler, in_memory
from benchmarks.peer.models import model
from benchmarks.peer.stopwatch import Stopwatch
from benchmarks.tutorials import TUTORIALS


class NegativeLogLikelihood(torch.nn.Module):
    """nn.NLLLoss by another name: for that one skorch takes the network's answers as probabilities and their logarithm."""

    def forward(self, log_probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.nll_loss(log_probabilities, labels)


class Timed(NeuralNetClassifier):
    def on_batch_end(self, net, batch=None, training=False, **values):
        super().on_batch_end(net, batch, training, **values)
        if training and self.stopwatch.tick():
            raise KeyboardInterrupt


def training_round(recipe: str, steps: int, variant: str, folder: Path) -> Callable[[], float]:
    _, images, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    network = model(recipe, variant)
    published = optimizer_of(network.parameters())
    names = {"momentum"} & set(published.defaults)
    options = {f"optimizer__{name}": published.defaults[name] for name in names}
    if variant == "documented":
        dataset = images(True)
        options |= {"iterator_train__shuffle": True}
    else:
        dataset = in_memory(folder)
        options |= {"iterator_train__batch_size": None, "iterator_train__sampler": batch_sampler(recipe, dataset)}
        options |= {"callbacks": "disable", "verbose": 0}
    net = Timed(
        network,
        criterion=NegativeLogLikelihood if loss_class is torch.nn.NLLLoss else loss_class,
        optimizer=type(published),
        lr=published.defaults["lr"],
        batch_size=batch_size,
        max_epochs=1,
        train_split=None,
        device="cpu",
        **options,
    )

    def one_round() -> float:
        net.stopwatch = Stopwatch(steps)
        net.partial_fit(dataset, None)
        return net.stopwatch.rate(batch_size)

    return one_round
