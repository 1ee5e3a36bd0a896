"""What each of torch's operations is in a page: reads one node of an exported network after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.fx import Node

from core.errors import TrainDeskError
from core.export.page.operations import Operation, Size
from core.export.page.torch_names import BETWEEN, POINTWISE, SAME, arguments_of, pair, word_of


class Reader:
    """Takes the nodes in their order; `operations` are those so far, `places` the values that nodes are."""

    def __init__(self, shape: tuple[int, int, int], name: str):
        channels, height, width = shape
        self.name = name
        self.sizes: list[Size] = [(height, width, channels)]
        self.operations: list[Operation] = []
        self.places: dict[str, int] = {}  # node -> value
        self.constants: dict[str, torch.Tensor] = {}  # node -> weights

    def size(self, place: int) -> Size:
        """(height, width, channels) of a value; 0 is the picture."""
        return self.sizes[0] if place == 0 else self.operations[place - 1].size

    def read(self, node: Node) -> None:
        """Takes the next node of the network's graph. Raises TrainDeskError for one that the page has no operation for."""
        word = word_of(node)
        if word in ("_assert_tensor_metadata", "_assert_async", "sym_constrain_range_for_size"):
            return
        if word == "getitem":
            self._same(node)
        elif word in SAME:
            self._must(node.meta["val"].dtype == torch.float32, node)
            self._same(node)
        elif word in POINTWISE:
            self._pointwise(node, *POINTWISE[word])
        elif word in BETWEEN:
            self._between(node, BETWEEN[word])
        else:
            reading = getattr(self, f"_read_{word}", None)
            self._must(reading is not None, node)
            assert reading is not None
            reading(node)

    def _must(self, can: bool, node: Node) -> None:
        if not can:
            raise TrainDeskError(
                f"A page in one file cannot compute '{word_of(node)}' as {self.name} uses it; take the run itself along instead."
            )

    def _add(self, node: Node, kind: str, inputs: Sequence[int], size: Size | None = None, **more: Any) -> None:
        arrays = {key: value for key, value in more.items() if isinstance(value, np.ndarray)}
        settings = {key: value for key, value in more.items() if key not in arrays}
        self.operations.append(Operation(kind, tuple(inputs), size or self._size_of(node), settings, arrays))
        self.places[node.name] = len(self.operations)

    def _same(self, node: Node) -> None:
        self.places[node.name] = self._value(node.args[0], node)

    def _value(self, argument: Any, node: Node) -> int:
        """The number of the value that an argument is; weights become one."""
        self._must(isinstance(argument, Node), node)
        if argument.name in self.places:
            return self.places[argument.name]
        tensor = self.constants[argument.name]
        rank = node.meta["val"].dim()
        shaped = tensor.reshape((1,) * (rank - tensor.dim()) + tuple(tensor.shape))
        self._must(rank in (2, 4) and shaped.shape[0] == 1, node)
        laid = shaped.permute(0, 2, 3, 1) if rank == 4 else shaped[:, None, None]
        height, width, channels = laid.shape[1:]
        self._add(argument, "constant", (), (height, width, channels), values=laid.numpy().reshape(-1).copy())
        return self.places[argument.name]

    def _size_of(self, node: Node) -> Size:
        value = node.meta["val"]
        shape = tuple((value[0] if isinstance(value, tuple | list) else value).shape)
        self._must(len(shape) in (2, 4) and shape[0] == 1, node)
        return (shape[2], shape[3], shape[1]) if len(shape) == 4 else (1, 1, shape[1])

    def _pointwise(self, node: Node, kind: str, defaults: dict[str, Any]) -> None:
        given = dict(zip(defaults, node.args[1:], strict=False))
        self._must(node.kwargs.get("approximate", "none") == "none", node)
        self._add(node, kind, [self._value(node.args[0], node)], **{**defaults, **given})

    def _between(self, node: Node, kind: str) -> None:
        self._must(node.kwargs.get("alpha", 1) == 1 and not node.kwargs.get("rounding_mode"), node)
        first, second = node.args[:2]
        if isinstance(second, int | float):
            self._add(node, kind, [self._value(first, node)], number=float(second))
        else:
            self._add(node, kind, [self._value(first, node), self._value(second, node)])

    def _read_conv2d(self, node: Node) -> None:
        given = arguments_of(
            node, "input weight bias stride padding dilation groups", stride=1, padding=0, dilation=1, groups=1
        )
        weight = self.constants[given["weight"].name]  # (out, in / groups, height, width)
        bias = self.constants[given["bias"].name] if given["bias"] is not None else torch.zeros(len(weight))
        kernel, stride, dilation = tuple(weight.shape[2:]), pair(given["stride"]), pair(given["dilation"])
        if isinstance(given["padding"], str):  # an odd pixel goes to the bottom and the right
            same = given["padding"] == "same"
            padding = (dilation[0] * (kernel[0] - 1) // 2, dilation[1] * (kernel[1] - 1) // 2) if same else (0, 0)
        else:
            padding = pair(given["padding"])
        place = self._value(given["input"], node)
        groups = given["groups"]
        deep = groups == weight.shape[0] == self.size(place)[2] and groups > 1
        laid = weight[:, 0].permute(1, 2, 0) if deep else weight.permute(0, 2, 3, 1)
        self._add(
            node,
            "depthwise" if deep else "convolution",
            [place],
            kernel=list(kernel),
            stride=list(stride),
            padding=list(padding),
            dilation=list(dilation),
            groups=1 if deep else groups,
            weight=laid.contiguous().numpy(),
            bias=bias.numpy().copy(),
        )

    def _read__native_batch_norm_legit_no_training(self, node: Node) -> None:
        self._norm(node, node.args[1:5], node.args[6])

    def _read_batch_norm(self, node: Node) -> None:
        self._must(not node.args[5], node)
        self._norm(node, node.args[1:5], node.args[7])

    def _norm(self, node: Node, given: Sequence[Any], epsilon: float) -> None:
        """Batch norm: a factor and a shift of each channel, which a convolution before it takes over."""
        weight, bias, mean, variance = (
            self.constants[each.name].double() if each is not None else None for each in given
        )
        assert mean is not None and variance is not None
        factor = (variance + epsilon).rsqrt() * (1 if weight is None else weight)
        shift = (0 if bias is None else bias) - mean * factor
        place = self._value(node.args[0], node)
        before = self.operations[place - 1] if place else None
        if before is None or before.kind not in ("convolution", "depthwise") or len(node.args[0].users) > 1:
            self._add(node, "scale", [place], factor=factor.float().numpy(), shift=shift.float().numpy())
            return
        wide = factor.numpy() if before.kind == "depthwise" else factor.numpy()[:, None, None, None]
        arrays = {
            "weight": (before.arrays["weight"] * wide).astype(np.float32),
            "bias": (before.arrays["bias"] * factor.numpy() + shift.numpy()).astype(np.float32),
        }
        self.operations[place - 1] = Operation(before.kind, before.inputs, before.size, before.settings, arrays)
        self.places[node.name] = place

    def _read_linear(self, node: Node) -> None:
        given = arguments_of(node, "input weight bias")
        place = self._value(given["input"], node)
        self._must(self.size(place)[:2] == (1, 1), node)
        weight = self.constants[given["weight"].name]
        bias = self.constants[given["bias"].name] if given["bias"] is not None else torch.zeros(len(weight))
        self._add(node, "linear", [place], weight=weight.contiguous().numpy(), bias=bias.numpy().copy())

    def _read_view(self, node: Node) -> None:
        place = self._value(node.args[0], node)
        height, width, channels = self.size(place)
        if self._size_of(node) == self.size(place):
            self.places[node.name] = place
            return
        self._must(self._size_of(node) == (1, 1, height * width * channels), node)
        self._add(node, "flatten", [place])

    _read_reshape = _read__unsafe_view = _read_flatten = _read_squeeze = _read_unsqueeze = _read_view

    def _read_max_pool2d(self, node: Node) -> None:
        given = arguments_of(node, "input kernel stride padding dilation ceil", stride=(), padding=0, dilation=1)
        self._must(pair(given["dilation"]) == (1, 1), node)
        self._windows(node, "largest", given)

    def _read_avg_pool2d(self, node: Node) -> None:
        given = arguments_of(
            node, "input kernel stride padding ceil counts_edge divisor", stride=(), padding=0, counts_edge=True
        )
        self._windows(node, "average", given)

    def _windows(self, node: Node, kind: str, given: Mapping[str, Any]) -> None:
        """Pooling: of each row and column of what comes out, from where to where it looks, and by what a sum is divided."""
        place, size = self._value(given["input"], node), self._size_of(node)
        kernel, padding = pair(given["kernel"]), pair(given["padding"])
        stride = pair(given["stride"] or kernel)
        sides = []
        for axis in (0, 1):
            side, windows = self.size(place)[axis], []
            for number in range(size[axis]):
                start = number * stride[axis] - padding[axis]
                end = min(start + kernel[axis], side + padding[axis])
                inside = max(start, 0), min(end, side)
                windows.append([*inside, end - start if given.get("counts_edge") else inside[1] - inside[0]])
            sides.append(windows)
        if given.get("divisor"):
            sides = [[[*window[:2], given["divisor"] if axis == 0 else 1] for window in sides[axis]] for axis in (0, 1)]
        self._add(node, kind, [place], rows=sides[0], columns=sides[1])

    def _read_adaptive_avg_pool2d(self, node: Node) -> None:
        self._adaptive(node, "average")

    def _read_adaptive_max_pool2d(self, node: Node) -> None:
        self._adaptive(node, "largest")

    def _adaptive(self, node: Node, kind: str) -> None:
        place, size = self._value(node.args[0], node), self._size_of(node)
        self._add(
            node,
            kind,
            [place],
            rows=_shares(self.size(place)[0], size[0]),
            columns=_shares(self.size(place)[1], size[1]),
        )

    def _read_mean(self, node: Node) -> None:
        place = self._value(node.args[0], node)
        rank = node.args[0].meta["val"].dim()
        over = sorted(axis % rank for axis in (node.args[1] if len(node.args) > 1 else range(rank)))
        self._must(rank == 4 and over == [2, 3], node)
        height, width, channels = self.size(place)
        rows, columns = [[0, height, height]], [[0, width, width]]
        self._add(node, "average", [place], (1, 1, channels), rows=rows, columns=columns)

    def _read_pad(self, node: Node) -> None:
        given = arguments_of(node, "input edges mode value", mode="constant")
        self._must(given["mode"] == "constant", node)
        self._pad(node, given)

    def _read_constant_pad_nd(self, node: Node) -> None:
        self._pad(node, arguments_of(node, "input edges value"))

    def _pad(self, node: Node, given: Mapping[str, Any]) -> None:
        edges = [*given["edges"], 0, 0, 0, 0][: max(4, len(given["edges"]))]  # left, right, top, bottom
        self._must(len(edges) == 4, node)
        value = float(given["value"] or 0)
        self._add(node, "pad", [self._value(given["input"], node)], left=edges[0], top=edges[2], value=value)

    def _read_upsample_bilinear2d(self, node: Node) -> None:
        place = self._value(node.args[0], node)
        align = bool(node.args[2]) if len(node.args) > 2 else False
        before, after = self.size(place), self._size_of(node)
        steps = [
            (before[axis] - 1) / max(1, after[axis] - 1) if align else self._step(node, axis, before[axis], after[axis])
            for axis in (0, 1)
        ]
        self._add(node, "enlarge", [place], steps=steps, offset=0.0 if align else 0.5)

    def _step(self, node: Node, axis: int, before: int, after: int) -> float:
        """Pixels of what comes in for one of what comes out: a factor that was asked for goes before the ratio of sizes."""
        factors = node.args[3] if len(node.args) > 3 else None
        return 1 / factors[axis] if factors else before / after

    def _read_upsample_nearest2d(self, node: Node) -> None:
        place = self._value(node.args[0], node)
        before, after = self.size(place), self._size_of(node)
        self._must(all(after[axis] % before[axis] == 0 for axis in (0, 1)), node)
        self._add(node, "repeat", [place])

    def _read_expand(self, node: Node) -> None:
        place = self._value(node.args[0], node)
        if self._size_of(node) == self.size(place):
            self.places[node.name] = place
        else:
            self._add(node, "repeat", [place])

    def _read_cat(self, node: Node) -> None:
        axis = node.args[1] if len(node.args) > 1 else 0
        self._must(axis % node.meta["val"].dim() == 1, node)
        self._add(node, "join", [self._value(each, node) for each in node.args[0]])


def _shares(side: int, parts: int) -> list[list[int]]:
    """Windows that share a side out, as torch's adaptive pooling does."""
    ends = [(number * side // parts, -(-(number + 1) * side // parts)) for number in range(parts)]
    return [[start, end, end - start] for start, end in ends]
