"""SGD with momentum by machine code, which also writes the bfloat16 copies of the weights for the next step."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import torch
from torch import nn

from core.training.kernels import FEW, kernels
from core.training.optimizers import CACHED

MOVES = {torch.bfloat16: "move_16", torch.float32: "move_32"}  # by the kind of the gradients
RATES = ("lr", "momentum", "weight_decay", "nesterov")


class Momentum:
    """SGD with momentum, from its second step on, in one call for all layers whose gradients are of one kind."""

    @classmethod
    def of(cls, optimizer: torch.optim.Optimizer, weights: list[nn.Parameter]) -> Momentum | None:
        """For an optimizer of these weights; None where torch's own step is better, or there is no such kernel."""
        its = sum(len(group["params"]) for group in optimizer.param_groups)
        is_few = sum(each.numel() for each in weights) <= CACHED and torch.get_num_threads() <= FEW
        is_usual = isinstance(optimizer, torch.optim.SGD) and its == len(weights)
        return cls(optimizer, weights) if is_usual and is_few and kernels("momentum") else None

    def __init__(self, optimizer: torch.optim.Optimizer, weights: list[nn.Parameter]):
        self._optimizer, self._weights = optimizer, weights
        self._rates = [(ctypes.c_float * 4)() for _ in optimizer.param_groups]
        self._places: list[int] = []  # of all that is read and written
        self._calls: list[tuple[Callable[..., None], torch.Tensor]] = []  # kernels, and the parts that they move

    def is_ready(self, gradients: list[torch.Tensor], copies: list[torch.Tensor]) -> bool:
        """Whether `move` can take the optimizer's step with these gradients; it then writes these copies too."""
        state, groups = self._optimizer.state, self._optimizer.param_groups
        momentum = [state.get(weights, {}).get("momentum_buffer") for weights in self._weights]
        is_made = not any(kept is None for kept in momentum)
        if not is_made or not all(group["momentum"] and not group["dampening"] for group in groups):
            return False
        memory = (self._weights, momentum, gradients, copies)
        places = [each.data_ptr() for kind in memory for each in kind]
        if places != self._places:
            rates = {
                weights: rates for group, rates in zip(groups, self._rates, strict=True) for weights in group["params"]
            }
            self._places = places
            parts: dict[torch.dtype, list[list[int]]] = {torch.bfloat16: [], torch.float32: []}
            for weights, *others in zip(*memory, strict=True):
                numbers = [weights.data_ptr(), *(each.data_ptr() for each in others)]
                parts[others[1].dtype].append([*numbers, ctypes.addressof(rates[weights]), weights.numel()])
            run = kernels("momentum")
            self._calls = [(run[MOVES[kind]], torch.tensor(some)) for kind, some in parts.items() if some]
        return True

    def move(self) -> None:
        """Takes the step."""
        for rates, group in zip(self._rates, self._optimizer.param_groups, strict=True):
            rates[:] = [group[name] for name in RATES]
        for run, parts in self._calls:
            run(parts.data_ptr(), len(parts))
