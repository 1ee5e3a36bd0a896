"""Fully connected layers on the CPU, each computed the fastest way, with the same result as torch's own up to rounding.

Large ones in float32 go through oneDNN. torch computes float32 matrix products with MKL, which uses only half of what AMD's
AVX512 processors can do: 105 against 221 GFLOP/s for a (200, 784) x (784, 200) product on one core of a Zen 5. oneDNN uses
all of it and is as good on Intel's.

Small ones, such as the last layer of most networks, stay in float32 when the others compute in bfloat16: the casts cost more
than the product (38 against 84 microseconds forward and back for 32 x 256 x 10), and logits keep all their digits.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

SMALLEST = 16_384  # weights in a layer; below, calling oneDNN costs more than it gains
SMALL = 4_096  # weights in a layer; up to here bfloat16 is slower than float32

_in_float32 = torch.autocast("cpu", enabled=False)  # made once: making one takes 10 microseconds


def speed_up_linear(model: nn.Module) -> None:
    """Makes the fully connected layers of a network compute the fastest way when they are on a CPU. Changes nothing else:
    weights, names and results up to rounding stay the same."""
    has_onednn = _is_available()
    for module in model.modules():
        if type(module) is nn.Linear:
            weights = module.weight.numel()
            if weights <= SMALL:
                module.__class__ = SmallLinear
            elif weights >= SMALLEST and has_onednn:
                module.__class__ = OneDNNLinear


class SmallLinear(nn.Linear):
    """torch.nn.Linear, (N, in_features) -> (N, out_features), in float32 on a CPU even where autocast is on."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if inputs.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            with _in_float32:
                return functional.linear(inputs.float(), self.weight, self.bias)
        return functional.linear(inputs, self.weight, self.bias)


class OneDNNLinear(nn.Linear):
    """torch.nn.Linear, (N, in_features) float32 -> (N, out_features); other inputs take torch's own way."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        plain = inputs.device.type == "cpu" and inputs.dtype == self.weight.dtype == torch.float32 and inputs.ndim == 2
        if not plain or torch.is_autocast_enabled("cpu"):
            return functional.linear(inputs, self.weight, self.bias)
        return _Product.apply(inputs, self.weight, self.bias)


class _Product(torch.autograd.Function):
    """inputs @ weight.T + bias and its gradients, each one oneDNN product over views, without copies."""

    @staticmethod
    def forward(ctx, inputs, weight, bias):  # (N, I), (O, I), (O,) -> (N, O)
        ctx.save_for_backward(inputs, weight)
        return _product(inputs, weight, bias)

    @staticmethod
    def backward(ctx, gradient):  # (N, O)
        inputs, weight = ctx.saved_tensors
        for_inputs = _product(gradient, weight.t()) if ctx.needs_input_grad[0] else None  # (N, I)
        for_weight = _product(gradient.t(), inputs.t()) if ctx.needs_input_grad[1] else None  # (O, I)
        for_bias = gradient.sum(dim=0) if ctx.needs_input_grad[2] else None  # (O,)
        return for_inputs, for_weight, for_bias


def _product(left: torch.Tensor, right: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """left @ right.T + bias: (A, B), (C, B), (C,) -> (A, C)."""
    return torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")


def _is_available() -> bool:
    """Whether this build of torch has the operator (it is not part of its documented interface) and it computes rightly."""
    try:
        left, right = torch.eye(2), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        return torch.backends.mkldnn.is_available() and torch.equal(_product(left, right.t()), right)
    except (AttributeError, RuntimeError):
        return False
