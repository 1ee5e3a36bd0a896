"""Weights of an earlier run as the beginning of a new one: whatever has the same name and shape is taken over."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from core.errors import TrainDeskError
from core.percent import SIGN, percent

SMALLEST_SHARE = 0.5  # of the weights before the last layer that must fit; with less, little of the earlier run is left
_GROUPS = ("frozen", "trained")  # in names of weights: the groups of layers that differ only in what trains


class Matched(NamedTuple):
    """What `copy_matching` did."""

    copied: int  # tensors taken over
    left: list[str]  # names of the network's tensors that stayed as they were


def copy_matching(model: nn.Module, weights: dict[str, torch.Tensor]) -> Matched:
    """Copies every tensor that has the name and shape of one of the network's; the others stay as they are.

    A last layer for other classes is such a part that stays. Raises TrainDeskError, leaving the network as it was, when
    less than half of the weights before the last layer would be taken over.
    """
    own, fitting = model.state_dict(), matching(model, weights)
    with torch.no_grad():
        for name, tensor in fitting.items():
            own[name].copy_(tensor)
    return Matched(len(fitting), [name for name in own if name not in fitting])


def matching(model: nn.Module, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By the network's names, the given tensors that it would take over; they may be without numbers, on the meta device.

    Raises TrainDeskError as `copy_matching` does.
    """
    given = {_plain(name): tensor for name, tensor in weights.items()}
    fitting = {
        name: given[_plain(name)]
        for name, tensor in model.state_dict().items()
        if _plain(name) in given and given[_plain(name)].shape == tensor.shape
    }
    _check(model, given, set(fitting))
    return fitting


def _plain(name: str) -> str:
    """A name without groups, so that a network trained with its backbone frozen fits one of which more trains."""
    return ".".join(part for part in name.split(".") if part not in _GROUPS)


def _check(model: nn.Module, given: dict[str, torch.Tensor], fitting: set[str]) -> None:
    parameters = dict(model.named_parameters())
    last_layer = list(parameters)[-1].rpartition(".")[0]
    body = {name: tensor for name, tensor in parameters.items() if name.rpartition(".")[0] != last_layer}
    judged = body or parameters  # a network of one layer is judged by that
    total = sum(tensor.numel() for tensor in judged.values())
    share = sum(tensor.numel() for name, tensor in judged.items() if name in fitting) / total
    if share >= SMALLEST_SHARE:
        return
    first = next(name for name in judged if name not in fitting)
    there = given.get(_plain(first))
    difference = f"is {_size(judged[first])} here and " + (
        "missing there" if there is None else f"{_size(there)} there"
    )
    raise TrainDeskError(
        f"Only {int(share * 100)}{SIGN} of this network's {total:,} weights{' before the last layer' if body else ''} fit "
        f"those of the earlier run, and at least {percent(SMALLEST_SHARE, 0)} must ('{first}' {difference}); choose a run of "
        "the same architecture with the same sizes, or start from none."
    )


def _size(tensor: torch.Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"
