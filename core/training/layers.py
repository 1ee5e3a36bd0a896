"""The layers of a network: what flows through them, their weights and their work; found by sending almost nothing through it.

Convolutions and fully connected layers, which are nearly all of the work, say the shape of their answer without computing it;
their weights stay on torch's meta device, without numbers. So the largest network takes hardly longer than the smallest. Sending
a picture without numbers through everything would import torch.compile's machinery, a second of each training's start.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from core.architectures import ArchitectureSettings, Shape
from core.text.numbers import count


@dataclass(frozen=True)
class Layer:
    """One layer that has no others inside."""

    name: str  # its place in the model: "0", "trained.layer4.1.conv2"
    kind: str  # class in torch.nn: "Conv2d"
    words: str  # "convolution 3 x 3, 32 filters"
    shape: tuple[int, ...]  # of what comes out, without the batch: (C, H, W) or (features,)
    parameters: int
    multiply_adds: int  # for one picture; those of convolutions and fully connected layers, the rest is next to nothing
    trains: bool  # does training move its weights? True where it has none


def layers_of(architecture: ArchitectureSettings, shape: Shape, classes: int) -> list[Layer]:
    """The layers of a network for pictures of `shape` (C, H, W), in the order in which they are used."""
    with torch.device("meta"):
        model = architecture.build(shape, classes).eval()
    found: list[Layer] = []

    def look(name: str, module: nn.Module, _inputs: Any, outputs: torch.Tensor) -> None:
        weights, out = list(module.parameters(recurse=False)), tuple(outputs.shape[1:])
        count, trains = sum(tensor.numel() for tensor in weights), all(tensor.requires_grad for tensor in weights)
        work = _multiply_adds(module, outputs)
        found.append(Layer(name, _kind(module), _words(module, out), out, count, work, trains))

    for name, module in model.named_modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            module.to_empty(device="cpu", recurse=False)
        if not any(True for _ in module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(partial(look, name))
    with torch.inference_mode(), _ShapesAlone():
        model(torch.zeros((1, *shape)))
    return found


def described(architecture: ArchitectureSettings, shape: Shape, classes: int) -> dict[str, Any]:
    """The same as plain data for JSON, with the shape that goes in."""
    return {"input": list(shape), "layers": [asdict(layer) for layer in layers_of(architecture, shape, classes)]}


class _ShapesAlone(TorchFunctionMode):
    """Within, convolutions and products with weights give zeros of the right shape."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        instead = {torch.conv2d: _convolved, nn.functional.linear: _connected}
        return instead.get(function, function)(*args, **(kwargs or {}))


def _convolved(
    inputs: torch.Tensor,
    weight: torch.Tensor,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    _: int = 1,
) -> torch.Tensor:
    one = inputs.new_zeros(1, 1, *weight.shape[2:])
    found = torch.conv2d(inputs[:, :1], one, None, stride, padding, dilation)  # of one filter on one channel
    return inputs.new_zeros(len(found), len(weight), *found.shape[2:])


def _connected(inputs: torch.Tensor, weight: torch.Tensor, bias: Any = None) -> torch.Tensor:
    return inputs.new_zeros(*inputs.shape[:-1], len(weight))


def _kind(module: nn.Module) -> str:
    """The nearest class of torch itself: a subclass of ours computes the same."""
    return next(base.__name__ for base in type(module).__mro__ if base.__module__.startswith("torch.nn."))


def _words(module: nn.Module, shape: tuple[int, ...]) -> str:
    if isinstance(module, nn.Conv2d):
        stride = f", every {module.stride[0]} pixels" if max(module.stride) > 1 else ""
        return f"convolution {_by(module.kernel_size)}, {module.out_channels:,} filters{stride}"
    if isinstance(module, nn.Linear):
        return f"fully connected, {count(module.out_features, 'neuron')}"
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        return "batch norm"
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return f"dropout {module.p:g}"
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        kind = "largest" if isinstance(module, nn.MaxPool2d) else "average"
        return f"{kind} of {_by(module.kernel_size)}"
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return f"average down to {_by(shape[-2:])}"
    if isinstance(module, nn.Flatten):
        return "into one row"
    if isinstance(module, nn.ReLU):
        return "ReLU"
    return {"ToColour": "colour and size"}.get(type(module).__name__, _kind(module))


def _by(size: int | tuple[int, ...]) -> str:
    height, width = (size, size) if isinstance(size, int) else size
    return f"{height} x {width}"


def _multiply_adds(module: nn.Module, outputs: torch.Tensor) -> int:
    if isinstance(module, nn.Conv2d):
        each = module.in_channels // module.groups * math.prod(module.kernel_size)
        return math.prod(outputs.shape[1:]) * each
    if isinstance(module, nn.Linear):
        return math.prod(outputs.shape[1:]) * module.in_features
    return 0
