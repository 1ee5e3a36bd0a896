"""A network's own layers replaced by those that compute the same faster on a CPU: for what trains, and what is tried before."""

from __future__ import annotations

from torch import nn

from core.training.first_layer import speed_up_first_layer
from core.training.linear import speed_up_linear
from core.training.pooling import speed_up_pooling


def speed_up(model: nn.Module) -> None:
    """Where they fit, and the device is a CPU. Weights and their names stay the same."""
    speed_up_linear(model)
    speed_up_pooling(model)
    speed_up_first_layer(model)
