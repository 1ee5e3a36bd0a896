"""Weights of an earlier run as the beginning of a new one: whatever has the same name and shape is taken over.

Of the last layer each class has its row, which is known by the class's name: classes that the earlier run knew keep theirs,
wherever they now stand, and new ones get new rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from core.errors import TrainDeskError
from core.text.numbers import percent

SMALLEST_SHARE = 0.5  # of the weights before the last layer that must fit; with less, little of the earlier run is left
_GROUPS = ("frozen", "trained")  # in names of weights: the groups of layers that differ only in what trains


class Classes(NamedTuple):
    """Names in the order of the last layer's rows."""

    now: Sequence[str]
    then: Sequence[str]  # of the earlier run

    def rows(self) -> list[tuple[int, int]]:
        """(row now, row then) of the classes that both have."""
        place = {name: row for row, name in enumerate(self.then)}
        return [(row, place[name]) for row, name in enumerate(self.now) if name in place]

    @property
    def differ(self) -> bool:
        """Whether the names or their order differ."""
        return list(self.now) != list(self.then)


def copy_matching(model: nn.Module, weights: dict[str, torch.Tensor], classes: Classes | None = None) -> list[str]:
    """Copies every tensor that has the name and shape of one of the network's; the others stay as they are. Returns the names
    of what was taken over, wholly or in part.

    With `classes` that differ, the last layer is copied row by row, by the names of the classes; without, a last layer for
    another number of classes stays. Raises TrainDeskError, leaving the network as it was, when less than half of the
    weights before the last layer would be taken over.
    """
    own, fitting = model.state_dict(), matching(model, weights, classes)
    with torch.no_grad():
        for name, tensor in fitting.items():
            own[name].copy_(tensor)
    return list(fitting)


def matching(
    model: nn.Module, weights: dict[str, torch.Tensor], classes: Classes | None = None
) -> dict[str, torch.Tensor]:
    """By the network's names, what it would take over, in any shapes; the tensors may be on the meta device, without numbers.

    Raises TrainDeskError as `copy_matching` does.
    """
    given = {_plain(name): tensor for name, tensor in weights.items()}
    own = model.state_dict()
    fitting = {
        name: given[_plain(name)]
        for name, tensor in own.items()
        if _plain(name) in given and given[_plain(name)].shape == tensor.shape
    }
    if classes is not None and classes.differ:
        fitting = _by_class(model, given, fitting, classes)
    _check(model, given, set(fitting))
    return fitting


def _by_class(
    model: nn.Module, given: dict[str, torch.Tensor], fitting: dict[str, torch.Tensor], classes: Classes
) -> dict[str, torch.Tensor]:
    """The same, with the last layer's rows where the classes of their names stand; without it where no name is the same."""
    rows, found = classes.rows(), dict(fitting)
    last_layer = list(dict(model.named_parameters()))[-1].rpartition(".")[0]
    for name, tensor in model.state_dict().items():
        if name.rpartition(".")[0] != last_layer or not tensor.ndim or len(tensor) != len(classes.now):
            continue
        found.pop(name, None)
        there = given.get(_plain(name))
        if not rows or there is None or there.shape != (len(classes.then), *tensor.shape[1:]):
            continue
        found[name] = tensor.clone()
        now, then = zip(*rows, strict=True)
        found[name][list(now)] = there[list(then)].to(tensor)
    return found


def _plain(name: str) -> str:
    """A name without groups, so that a network trained with its backbone frozen fits one of which more trains."""
    return ".".join(part for part in name.split(".") if part not in _GROUPS)


def _check(model: nn.Module, given: dict[str, torch.Tensor], fitting: set[str]) -> None:
    parameters = dict(model.named_parameters())
    last_layer = list(parameters)[-1].rpartition(".")[0]
    body = {name: tensor for name, tensor in parameters.items() if name.rpartition(".")[0] != last_layer}
    compared = body or parameters  # of a network of one layer, that one
    total = sum(tensor.numel() for tensor in compared.values())
    share = sum(tensor.numel() for name, tensor in compared.items() if name in fitting) / total
    if share >= SMALLEST_SHARE:
        return
    first = next(name for name in compared if name not in fitting)
    there = given.get(_plain(first))
    difference = f"is {_size(compared[first])} here and " + (
        "missing there" if there is None else f"{_size(there)} there"
    )
    raise TrainDeskError(
        f"Only {percent(share, 0)} of this network's {total:,} weights{' before the last layer' if body else ''} fit "
        f"those of the earlier run, and at least {percent(SMALLEST_SHARE, 0)} must ('{first}' {difference}); choose a run of "
        "the same architecture with the same sizes, or start from none."
    )


def _size(tensor: torch.Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"
