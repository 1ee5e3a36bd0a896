"""Several views of each picture: a network looks at it mirrored and moved too, and the mean of its answers counts.

Test-time augmentation, as Jordan 2024, arXiv:2404.00498, section 3.5, evaluates airbench.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn


class View(NamedTuple):
    """One way to look at a picture."""

    move: int  # pixels down and to the right; what comes in from beyond the edge is the picture mirrored there
    mirrored: bool  # left to right, after it was moved
    share: float  # of the answer


AS_IT_IS = View(0, False, 1.0)
VIEWS = {  # the first of each is the picture as it is
    "one": (AS_IT_IS,),
    "mirrored": tuple(View(0, mirrored, 1 / 2) for mirrored in (False, True)),
    "moved": tuple(View(move, mirrored, 1 / (8 if move else 4)) for move in (0, 1, -1) for mirrored in (False, True)),
}


def with_views(network: nn.Module, views: str) -> nn.Module:
    """A network whose logits are the mean of those for the `views` of each picture, one of VIEWS; of "one" the network itself.
    It takes float (N, C, H, W) of at least 2 x 2 pixels and gives float32 (N, classes)."""
    return network if views == "one" else _SeveralViews(network, VIEWS[views])


class _SeveralViews(nn.Module):
    def __init__(self, network: nn.Module, views: tuple[View, ...]):
        super().__init__()
        self.network, self.views = network, views

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """One view after the other, so that memory is needed for one at a time."""
        answers = [self.network(seen(inputs, view)).float() * view.share for view in self.views]
        return torch.stack(answers).sum(dim=0)


def seen(pictures: torch.Tensor, view: View) -> torch.Tensor:
    """Pictures (N, C, H, W) in a view, in the same shape and memory layout."""
    if view.move == 0 and not view.mirrored:
        return pictures
    height, width = pictures.shape[2:]
    rows, columns = _sources(height, view.move, pictures.device), _sources(width, view.move, pictures.device)
    columns = columns.flip(0) if view.mirrored else columns
    moved = pictures.index_select(2, rows).index_select(3, columns)
    is_last = pictures.is_contiguous(memory_format=torch.channels_last)
    return moved.contiguous(memory_format=torch.channels_last if is_last else torch.contiguous_format)


def _sources(side: int, move: int, device: torch.device) -> torch.Tensor:
    """Which row each row comes from, (side,) int64."""
    places = (torch.arange(side, device=device) - move).abs()
    return side - 1 - (side - 1 - places).abs()
