"""The operations of a page, computed by torch from the very text that the page carries: a wrong graph, rounding or byte shows
before anyone gets the file. `network.js` computes the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from core.export.page.packing import Unpacked
from core.training.views import AS_IT_IS, View, seen

Step = dict[str, Any]  # an operation as it stands in the page

POINTWISE: dict[str, Callable[[torch.Tensor, Step], torch.Tensor]] = {
    "same": lambda values, step: values,
    "relu": lambda values, step: values.relu(),
    "clamp": lambda values, step: values.clamp(step["low"], step["high"]),
    "leaky_relu": lambda values, step: functional.leaky_relu(values, step["slope"]),
    "elu": lambda values, step: torch.ops.aten.elu(values, step["alpha"], step["scale"], step["input_scale"]),
    "sigmoid": lambda values, step: values.sigmoid(),
    "hardsigmoid": lambda values, step: functional.hardsigmoid(values),
    "silu": lambda values, step: functional.silu(values),
    "hardswish": lambda values, step: functional.hardswish(values),
    "tanh": lambda values, step: values.tanh(),
    "gelu": lambda values, step: functional.gelu(values),
}
BETWEEN: dict[str, Callable[[torch.Tensor, Any], torch.Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
}


def values_of(page: Unpacked, pixels: np.ndarray, view: View = AS_IT_IS) -> list[torch.Tensor]:
    """Every value of the computation, float32 (N, C, H, W), for pictures uint8 (N, H, W, C) in a view; the last one is the
    logits."""
    network = page.words["network"]
    mean, deviation = (torch.tensor(network[name]).view(-1, 1, 1) for name in ("mean", "deviation"))
    values = [seen((torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float() / 255 - mean) / deviation, view)]
    for step in network["operations"]:
        arrays = {
            name: torch.from_numpy(page.array(place).astype(np.float32)) for name, place in step["arrays"].items()
        }
        values.append(
            _computed(step, [values[place] for place in step["inputs"]], arrays).expand(len(pixels), -1, -1, -1)
        )
    return values


def probabilities_of(page: Unpacked, pixels: np.ndarray) -> np.ndarray:
    """What the page answers to pictures uint8 (N, H, W, C): float32 (N, classes), rows summing to 1."""
    network = page.words["network"]
    views = [View(*view) for view in network["views"]]
    logits = torch.stack([values_of(page, pixels, view)[-1].flatten(1) * view.share for view in views]).sum(0)
    shares = (functional.logsigmoid(logits) if network["each"] else logits).softmax(1)
    return (shares.clamp_min(1e-12).log() / network["temperature"]).softmax(1).numpy()


def _computed(step: Step, inputs: list[torch.Tensor], arrays: dict[str, torch.Tensor]) -> torch.Tensor:
    kind, size = step["kind"], step["size"]
    if kind in POINTWISE:
        return POINTWISE[kind](inputs[0], step)
    if kind in BETWEEN:
        return BETWEEN[kind](inputs[0], inputs[1] if len(inputs) > 1 else step["number"])
    if kind == "constant":
        return arrays["values"].view(1, *size).permute(0, 3, 1, 2)
    if kind == "linear":
        return functional.linear(inputs[0].flatten(1), arrays["weight"], arrays["bias"])[:, :, None, None]
    if kind in ("convolution", "depthwise"):
        return _convolution(step, inputs[0], arrays)
    if kind == "scale":
        return inputs[0] * arrays["factor"].view(-1, 1, 1) + arrays["shift"].view(-1, 1, 1)
    if kind in ("largest", "average"):
        return _pooled(step, inputs[0])
    if kind == "flatten":
        return inputs[0].flatten(1)[:, :, None, None]
    if kind == "join":
        return torch.cat(inputs, 1)
    if kind == "repeat":
        return _repeated(inputs[0], size)
    if kind == "pad":
        return _padded(inputs[0], step["top"], step["left"], size[0], size[1], step["value"])
    if kind == "enlarge":
        return _enlarged(step, inputs[0])
    raise ValueError(f"unknown operation {kind}")


def _padded(values: torch.Tensor, top: int, left: int, height: int, width: int, fill: float = 0.0) -> torch.Tensor:
    bottom, right = height - top - values.shape[2], width - left - values.shape[3]
    return functional.pad(values, (left, right, top, bottom), value=fill)


def _convolution(step: Step, values: torch.Tensor, arrays: dict[str, torch.Tensor]) -> torch.Tensor:
    weight = arrays["weight"]
    deep = step["kind"] == "depthwise"
    weight = weight.permute(2, 0, 1)[:, None] if deep else weight.permute(0, 3, 1, 2)
    (high, wide), stride, dilation = step["kernel"], step["stride"], step["dilation"]
    height = (step["size"][0] - 1) * stride[0] + dilation[0] * (high - 1) + 1
    width = (step["size"][1] - 1) * stride[1] + dilation[1] * (wide - 1) + 1
    top, left = step["padding"]
    padded = _padded(values, top, left, height, width)
    groups = values.shape[1] if deep else step["groups"]
    return functional.conv2d(padded, weight, arrays["bias"], stride, 0, dilation, groups)


def _pooled(step: Step, values: torch.Tensor) -> torch.Tensor:
    largest, rows = step["kind"] == "largest", []
    for top, bottom, high in step["rows"]:
        strip = values[:, :, top:bottom]
        strip = strip.amax(2) if largest else strip.sum(2) / high  # (N, C, W)
        cells = [strip[:, :, left:right] for left, right, _ in step["columns"]]
        wide = [window[2] for window in step["columns"]]
        rows.append(torch.stack([c.amax(2) if largest else c.sum(2) / w for c, w in zip(cells, wide, strict=True)], 2))
    return torch.stack(rows, 2)


def _repeated(values: torch.Tensor, size: list[int]) -> torch.Tensor:
    height, width, channels = size
    values = values.repeat_interleave(height // values.shape[2], 2).repeat_interleave(width // values.shape[3], 3)
    return values.repeat_interleave(channels // values.shape[1], 1)


def _enlarged(step: Step, values: torch.Tensor) -> torch.Tensor:
    """Bilinear: each new row and column lies between two old ones."""
    for axis in (0, 1):
        side, offset = values.shape[2 + axis], step["offset"]
        at = (
            (torch.arange(step["size"][axis], dtype=torch.float64) + offset) * step["steps"][axis] - offset
        ).clamp_min(0)
        first = at.floor().long().clamp_max(side - 1)
        part = (at - first).float().view((-1, 1) if axis == 0 else (-1,))
        before, after = (
            values.index_select(2 + axis, first),
            values.index_select(2 + axis, (first + 1).clamp_max(side - 1)),
        )
        values = before * (1 - part) + after * part
    return values
