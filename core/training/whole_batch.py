"""Layers that look at the whole batch although each rank computes its own rows of it, so that a network learns on several
devices what it learns on one.

Batch norm takes mean and spread over the rows of all ranks: torch's SyncBatchNorm on GPUs, which does not compute on a CPU, where
the same is written out. What drops at random draws for the whole batch on every rank and uses its own rows: so no two rows get
the same numbers by chance of their rank, and the random state stays the same everywhere, which is what a checkpoint keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from core.machine.ranks import Ranks


@dataclass
class OwnRows:
    """Which rows of the batch under way are computed here."""

    ranks: Ranks
    start: int = 0
    end: int = 0
    total: int = 0
    alone: bool = False  # the other ranks do not compute this one

    def take(self, total: int) -> slice:
        """The own rows of a batch of so many, which is under way from now on."""
        self.start, self.end = self.ranks.own_rows(total)
        self.total = total
        return slice(self.start, self.end)


def see_whole_batch(network: nn.Module, own: OwnRows) -> None:
    """Makes the layers of a network look at the whole batch while they train. Weights, names and what they do when the network
    answers stay the same."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = GpuBatchNorm if module.running_mean.is_cuda else CpuBatchNorm
            module.process_group, module.own = own.ranks.group, own
        elif type(module) is nn.Dropout:
            module.forward = partial(_dropout, module, own)  # type: ignore[method-assign]
        elif type(module).__name__ == "StochasticDepth":  # of torchvision, which takes seconds to import
            module.forward = partial(_stochastic_depth, module, own)  # type: ignore[method-assign]


class GpuBatchNorm(nn.SyncBatchNorm):
    """torch.nn.BatchNorm2d over the rows of all ranks, float (n, C, H, W); n may be 0 on some of them."""

    own: OwnRows

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return nn.BatchNorm2d.forward(self, inputs) if self.own.alone else super().forward(inputs)


class CpuBatchNorm(nn.BatchNorm2d):
    """The same on CPUs."""

    own: OwnRows

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if not self.training or self.own.alone:
            return super().forward(inputs)
        values, across = inputs.float(), (1, -1, 1, 1)
        count = self.own.total * values.shape[2] * values.shape[3]
        mean = _Sum.apply(values.sum((0, 2, 3)), self.own.ranks) / count  # (C,)
        centred = values - mean.view(across)
        variance = _Sum.apply(centred.square().sum((0, 2, 3)), self.own.ranks) / count
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            share = self.momentum if self.momentum is not None else 1 / self.num_batches_tracked.item()
            self.running_mean.lerp_(mean, share)
            self.running_var.lerp_(variance * (count / max(1, count - 1)), share)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(across) + self.bias.view(across)).to(inputs.dtype)


class _Sum(torch.autograd.Function):
    """The sum over all ranks. Each rank's gradient is of its own rows' loss, so they add up on the way back too."""

    @staticmethod
    def forward(ctx, values: torch.Tensor, ranks: Ranks) -> torch.Tensor:
        ctx.ranks = ranks
        return ranks.add(values.clone())

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        return ctx.ranks.add(gradient.contiguous().clone()), None


def _dropout(module: nn.Dropout, own: OwnRows, inputs: torch.Tensor) -> torch.Tensor:
    if not module.training or own.alone:
        return nn.Dropout.forward(module, inputs)
    return inputs * _kept(inputs, (own.total, *inputs.shape[1:]), 1 - module.p)[own.start : own.end]


def _stochastic_depth(module: nn.Module, own: OwnRows, inputs: torch.Tensor) -> torch.Tensor:
    if not module.training or own.alone or module.mode != "row":
        return type(module).forward(module, inputs)
    return inputs * _kept(inputs, (own.total, *[1] * (inputs.ndim - 1)), 1 - module.p)[own.start : own.end]


def _kept(like: torch.Tensor, shape: tuple[int, ...], share: float) -> torch.Tensor:
    """0 or 1 / share, each at random, as torch draws them in one process on a CPU."""
    drawn = torch.empty(shape, dtype=like.dtype, device=like.device).bernoulli_(share)
    return drawn.div_(share) if share else drawn
