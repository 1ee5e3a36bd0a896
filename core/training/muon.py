"""Muon: momentum whose matrices are made orthogonal before each step; what is no matrix takes SGD's steps.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. Like `airbench94_muon.py` in KellerJordan/cifar10-airbench (MIT
licence), and unlike torch.optim.Muon of torch 2.9, it takes filters too, as matrices of a row for each filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

ITERATIONS = 3  # of Newton and Schulz, as airbench takes; 5 bring the singular values no nearer to each other
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # the steepest at zero that stay between 0.7 and 1.2


class Muon(torch.optim.Optimizer):
    """One optimizer for all weights of a network. A group says by `orthogonal` which of the two ways its weights go."""

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        unit_filters: bool = False,
    ):
        """`params`: groups of at least two dimensions where `orthogonal` is true; a group's `lr` may be a scalar tensor.
        `unit_filters`: before each step the rows of a matrix are made 1 long on average."""
        defaults = {"momentum": momentum, "weight_decay": weight_decay, "unit_filters": unit_filters}
        super().__init__(params, {"lr": lr, "orthogonal": False, **defaults})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step with the weights' gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            take = _orthogonal_step if group["orthogonal"] else _plain_step
            for weights in group["params"]:
                if weights.grad is not None:
                    state = self.state[weights]
                    if "momentum_buffer" not in state:
                        state["momentum_buffer"] = torch.zeros_like(weights.grad)
                    take(weights, weights.grad, state["momentum_buffer"], group)
        return loss


def _orthogonal_step(weights: torch.Tensor, gradient: torch.Tensor, kept: torch.Tensor, group: dict[str, Any]) -> None:
    ahead = _ahead(gradient, kept, group["momentum"])
    if group["unit_filters"]:
        weights.mul_(len(weights) ** 0.5 / weights.norm())
    else:
        _decay(weights, group)
    matrix = ahead.movedim(1, -1).flatten(1)  # (rows, columns), of what lies channels last without a copy
    update = orthogonalised(matrix).mul_(max(1.0, len(matrix) / matrix.shape[1]) ** 0.5)
    update = update.unflatten(1, (*ahead.shape[2:], ahead.shape[1])).movedim(-1, 1)
    weights.sub_(update * group["lr"])  # a rate that is a tensor must not be read here: a recorded step could not


def _plain_step(weights: torch.Tensor, gradient: torch.Tensor, kept: torch.Tensor, group: dict[str, Any]) -> None:
    _decay(weights, group)
    weights.sub_(_ahead(gradient, kept, group["momentum"]) * group["lr"])


def _decay(weights: torch.Tensor, group: dict[str, Any]) -> None:
    """Apart from the gradient, as in AdamW."""
    if group["weight_decay"]:
        weights.mul_(1 - group["lr"] * group["weight_decay"])


def _ahead(gradient: torch.Tensor, kept: torch.Tensor, momentum: float) -> torch.Tensor:
    """Nesterov's momentum, as torch.optim.SGD takes it."""
    kept.mul_(momentum).add_(gradient)
    return gradient.add(kept, alpha=momentum)


def orthogonalised(matrix: torch.Tensor) -> torch.Tensor:
    """Float (rows, columns) -> float32 of the same shape: U V' of its U S V', nearly; singular values come out between about
    0.5 and 1.5, small ones lower. In bfloat16 on GPUs that have it."""
    is_short = matrix.is_cuda and torch.cuda.is_bf16_supported(including_emulation=False)
    tall = matrix.shape[0] > matrix.shape[1]
    values = matrix.T if tall else matrix
    values = values.to(torch.bfloat16 if is_short else torch.float32)
    values = values / (values.norm() + 1e-7)  # none of the singular values is above 1
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = values @ values.T
        values = a * values + (b * square + c * square @ square) @ values
    return (values.T if tall else values).float()
