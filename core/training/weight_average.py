"""The average of a network's weights over its training: often better than the weights of any one step."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average of a network's trainable weights and float buffers (statistics of batch norms).

    Polyak averaging (Polyak and Juditsky 1992) with the warm-up usual since TensorFlow's ExponentialMovingAverage:
    early averages forget faster, by min(decay, (1 + t) / (10 + t)), or the random first weights would stay in them.
    Averaged where the weights lie, so `model` must keep its tensors: make the average after moving it to its device.
    """

    def __init__(self, model: nn.Module, decay: float):
        """`decay`: share of the average kept in each update, 0..1; 0.999 averages over the last 1,000 updates or so."""
        self.model = copy.deepcopy(model).requires_grad_(False).eval()  # holds the average, ready to be evaluated
        self.decay = decay
        self.updates = 0
        trainable = {name for name, weights in model.named_parameters() if weights.requires_grad}
        averages = {**dict(self.model.named_parameters()), **dict(self.model.named_buffers())}
        current = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        self._averages: list[torch.Tensor] = []
        self._current: list[torch.Tensor] = []
        self._counts: list[tuple[torch.Tensor, torch.Tensor]] = []  # whole numbers, such as batches seen: copied
        for name, average in averages.items():
            if not average.is_floating_point():
                self._counts.append((average, current[name]))
            elif name in trainable or not isinstance(current[name], nn.Parameter):
                self._averages.append(average)
                self._current.append(current[name].detach())

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the weights as they are; to be called after each step of the optimizer."""
        self.updates += 1
        kept = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self._averages, self._current, 1 - kept)
        if self._counts:
            torch._foreach_copy_(*map(list, zip(*self._counts, strict=True)))

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on: plain tensors and the number of updates. The tensors are not copied."""
        return {"updates": self.updates, "model": dict(self.model.state_dict())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state of `state_dict`. Raises RuntimeError when its tensors do not fit the network."""
        self.model.load_state_dict(state["model"])
        self.updates = int(state["updates"])
