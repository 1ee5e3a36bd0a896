"""The operations that a page can compute, as plain values: what `reader` makes of a network, and `network.js` computes.

Values are numbered: 0 is the normalised picture, n what operation n - 1 gives. A value is (height, width, channels); a row of
features is 1 x 1 x features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Size = tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Operation:
    """One step of the computation."""

    kind: str  # "convolution", "pool", "relu", ...
    inputs: tuple[int, ...]  # numbers of values
    size: Size  # of what it gives
    settings: Mapping[str, Any] = field(default_factory=dict)  # plain values
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)  # weights, float32, channels last


@dataclass(frozen=True)
class Graph:
    """The whole computation: the last value that `operations` give is the logits."""

    size: Size  # of the picture
    operations: tuple[Operation, ...]
    features: int  # the value that enters the last fully connected layer; -1: there is none


def multiply_adds(graph: Graph) -> int:
    """Of one picture, in convolutions and fully connected layers, as `core.training.layers` counts them."""
    counted = (each for each in graph.operations if "weight" in each.arrays)
    return sum(math.prod(each.size) * each.arrays["weight"].size // each.size[2] for each in counted)
