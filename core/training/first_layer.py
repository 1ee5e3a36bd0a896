"""The first convolution of a network for grey pictures in mixed precision on a CPU, in one pass with its pooling and ReLU.

For 64 pictures of 28 x 28 places and 32 filters, there and back, torch needs 1.3 ms for the convolution alone on one core of a
Zen 5, `core.native.first_layer` 0.35 for all three. Sums are float32 as oneDNN's are, in another order; so are the gradients,
which torch would round to bfloat16. In float32 torch's own way is taken, to the last digit.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from core.training.kernels import FEW, kernels
from core.training.pooling import PoolingWithReLU, pooled

FILTERS = 16  # their number must be a multiple of it


def speed_up_first_layer(model: nn.Module) -> None:
    """Lets the first convolution of a network compute the pooling after it, where that fits; `speed_up_pooling` comes before.
    Weights and names stay the same, results up to rounding."""
    if not isinstance(model, nn.Sequential):
        return
    for convolution, pooling in pairwise(list(model)[:2]):
        if _fits(convolution) and type(pooling) is PoolingWithReLU and kernels("first_layer"):
            convolution.__class__, pooling.__class__ = FirstLayer, DonePooling


class FirstLayer(nn.Conv2d):
    """Convolution of one channel, 2 x 2 max pooling and ReLU: (N, 1, H, W) -> (N, C, H // 2, W // 2)."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        fits = (
            inputs.device.type == "cpu"
            and inputs.ndim == 4
            and not inputs.requires_grad
            and torch.is_autocast_enabled("cpu")
            and torch.get_autocast_dtype("cpu") == torch.bfloat16
            and torch.get_num_threads() <= FEW
            and not torch.compiler.is_compiling()
        )
        return _FirstLayer.apply(inputs, self.weight, self.bias) if fits else pooled(super().forward(inputs))


class DonePooling(nn.MaxPool2d):
    """The pooling that the convolution before it has computed."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


class _FirstLayer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        count, _, height, width = inputs.shape
        padded = functional.pad(_rounded(inputs), (1, 1, 1, 1)).contiguous()
        filters, biases = _rounded(weight).reshape(-1, 9).t().contiguous(), _rounded(bias)
        size = (count, len(bias), height // 2, width // 2)
        outputs = torch.empty(size, dtype=torch.bfloat16, memory_format=torch.channels_last)
        winners = torch.empty_like(outputs, dtype=torch.uint8)
        _run("first_forward", padded, filters, biases, outputs, winners, size=(count, height, width, len(bias)))
        ctx.save_for_backward(padded, winners)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        padded, winners = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        count, channels = gradient.shape[:2]
        of_filters, of_biases = torch.zeros(9, channels), torch.zeros(channels)
        size = (count, padded.shape[2] - 2, padded.shape[3] - 2, channels)
        _run("first_backward", padded, gradient, winners, of_filters, of_biases, size=size)
        return None, of_filters.t().reshape(channels, 1, 3, 3), of_biases


def _run(name: str, *memory: torch.Tensor, size: tuple[int, ...]) -> None:
    kernels("first_layer")[name](*(each.data_ptr() for each in memory), *size)


def _rounded(values: torch.Tensor) -> torch.Tensor:
    """As bfloat16 has it, in float32."""
    return values.detach().to(torch.bfloat16).float()


def _fits(layer: nn.Module) -> bool:
    return (
        type(layer) is nn.Conv2d
        and layer.out_channels % FILTERS == 0
        # on the meta device, where it draws no random weights: dropout's numbers would be others
        and repr(layer) == repr(nn.Conv2d(1, layer.out_channels, 3, padding=1, device="meta"))
    )
