"""The layers of a network: what flows through them, their weights and their work; found by sending an empty picture through it.

That takes a tenth of a second of the largest network. On torch's meta device, where tensors have no numbers, it takes two the
first time: torch works out the shapes in Python and imports its compiler for that.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from core.architectures import ArchitectureSettings, Shape


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
    with torch.random.fork_rng([]):
        model = architecture.build(shape, classes).eval()
    found: list[Layer] = []

    def look(name: str, module: nn.Module, _inputs: Any, outputs: torch.Tensor) -> None:
        weights, out = list(module.parameters(recurse=False)), tuple(outputs.shape[1:])
        count, trains = sum(tensor.numel() for tensor in weights), all(tensor.requires_grad for tensor in weights)
        work = _multiply_adds(module, outputs)
        found.append(Layer(name, _kind(module), _words(module, out), out, count, work, trains))

    for name, module in model.named_modules():
        if not any(True for _ in module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(partial(look, name))
    with torch.inference_mode():
        model(torch.zeros((1, *shape)))
    return found


def described(architecture: ArchitectureSettings, shape: Shape, classes: int) -> dict[str, Any]:
    """The same as plain data for JSON, with the shape that goes in."""
    return {"input": list(shape), "layers": [asdict(layer) for layer in layers_of(architecture, shape, classes)]}


def _kind(module: nn.Module) -> str:
    """The nearest class of torch itself: a subclass of ours computes the same."""
    return next(base.__name__ for base in type(module).__mro__ if base.__module__.startswith("torch.nn."))


def _words(module: nn.Module, shape: tuple[int, ...]) -> str:
    if isinstance(module, nn.Conv2d):
        stride = f", every {module.stride[0]} pixels" if max(module.stride) > 1 else ""
        return f"convolution {_by(module.kernel_size)}, {module.out_channels:,} filters{stride}"
    if isinstance(module, nn.Linear):
        return f"fully connected, {module.out_features:,} {'neuron' if module.out_features == 1 else 'neurons'}"
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
