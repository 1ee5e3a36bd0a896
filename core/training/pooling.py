"""2 x 2 max pooling and the ReLU after it in one pass on a CPU, with the numbers and gradients of torch's own.

For 64 pictures with 32 channels of 28 x 28 places in bfloat16, there and back, torch needs 1.4 ms on one core of a Zen 5 and
`core.native.max_pooling` 0.1, which makes a training step of SimpleCNN wide 1.3 times faster. Without the package llvmlite, or
where it cannot make code for the processor, torch's own layers stay.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from core.training.kernels import FEW, kernels

BITS = {torch.bfloat16: 16, torch.float32: 32}


def speed_up_pooling(model: nn.Module) -> None:
    """Lets each 2 x 2 max pooling of a network on a CPU compute the ReLU that follows it too, which then passes on what it gets.
    Weights, names and results stay the same."""
    if next(model.parameters()).device.type != "cpu":
        return
    for layers in model.modules():
        if isinstance(layers, nn.Sequential):
            for pooling, activation in pairwise(layers):
                if _halves(pooling) and type(activation) is nn.ReLU and kernels("max_pooling"):
                    pooling.__class__, activation.__class__ = PoolingWithReLU, DoneReLU


class PoolingWithReLU(nn.MaxPool2d):
    """ReLU of torch.nn.MaxPool2d(2): (N, C, H, W) -> (N, C, H // 2, W // 2)."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return pooled(inputs)


class DoneReLU(nn.ReLU):
    """The ReLU that the pooling before it has computed."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def pooled(inputs: torch.Tensor) -> torch.Tensor:
    """The ReLU of the largest of each 2 x 2 places: (N, C, H, W) -> (N, C, H // 2, W // 2)."""
    fits = (
        inputs.device.type == "cpu"
        and inputs.dtype in BITS
        and inputs.ndim == 4
        and inputs.is_contiguous(memory_format=torch.channels_last)
        and torch.get_num_threads() <= FEW
        and not torch.compiler.is_compiling()
    )
    return _Pooling.apply(inputs) if fits else functional.relu(functional.max_pool2d(inputs, 2))


class _Pooling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs: torch.Tensor) -> torch.Tensor:
        count, channels, height, width = inputs.shape
        outputs = _empty((count, channels, height // 2, width // 2), inputs.dtype)
        winners = torch.empty_like(outputs, dtype=torch.uint8)
        _run("forward", inputs, outputs, winners, pictures=inputs)
        ctx.save_for_backward(winners)
        ctx.size = inputs.shape
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: torch.Tensor) -> torch.Tensor:
        (winners,) = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        for_inputs = _empty(ctx.size, gradient.dtype)
        if ctx.size[2] % 2 or ctx.size[3] % 2:
            for_inputs.zero_()  # a last row or column that no window sees
        _run("backward", gradient, winners, for_inputs, pictures=for_inputs)
        return for_inputs


def _run(name: str, *memory: torch.Tensor, pictures: torch.Tensor) -> None:
    count, channels, height, width = pictures.shape
    kernel = kernels("max_pooling")[f"{name}_{BITS[pictures.dtype]}"]
    kernel(*(each.data_ptr() for each in memory), 0, count * (height // 2), height, width, channels)


def _empty(size: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(size, dtype=dtype, memory_format=torch.channels_last)


def _halves(layer: nn.Module) -> bool:
    """Whether it is an ordinary max pooling over 2 x 2 places."""
    return type(layer) is nn.MaxPool2d and repr(layer) == repr(nn.MaxPool2d(2)) and not layer.return_indices
