"""Features: what the frozen part of a network makes of each picture, computed once; only the rest trains on them.

frozen, rest = split_frozen(model)
train = yield from compute_features(frozen, splits.train, batch_size, autocast)
...  # rest(inputs), for inputs from train.batches(order, bounds), are the model's logits
"""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from core.training.augmentation import Augmentation
from core.training.batches import Pictures
from core.training.halving import FewerAtOnce, Fit, in_halves
from core.training.sampling import batch_bounds

_DEPEND_ON_MODE = (
    nn.modules.dropout._DropoutNd, nn.modules.batchnorm._NormBase, nn.MultiheadAttention, nn.RNNBase, nn.RReLU,
    nn.FractionalMaxPool2d, nn.FractionalMaxPool3d,
)  # fmt: skip


class Preparing(NamedTuple):
    """Pictures went through the frozen layers, once for all epochs."""

    done: int  # images
    images: int


@dataclass(frozen=True)
class Features:
    """The features of one split on the device, used like its `Pictures`: a matrix with those of a picture in a row."""

    rows: torch.Tensor  # (n, F), in the type the frozen part gives; with mirror images (2n, F), theirs after the others
    labels: torch.Tensor  # (n,) int64
    shape: tuple[int, ...]  # of one picture's features: (F,), or (C, H, W), which lie channels last in a row

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where batches come out."""
        return self.labels.device

    @property
    def dtype(self) -> torch.dtype:
        """In which batches come out."""
        return self.rows.dtype

    @property
    def mirrored(self) -> bool:
        """Whether features of mirror images are kept too."""
        return len(self.rows) > len(self.labels)

    def only(self, index: torch.Tensor) -> Features:
        """Those of the images numbered in `index` (k,) int64 alone, in that order, none mirrored: a copy."""
        index = index.to(self.device)
        return Features(self.rows.index_select(0, index), self.labels.index_select(0, index), self.shape)

    def slice(self, start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (k, *shape) and labels (k,) of the images from `start` up to `end`, in order, none mirrored."""
        return self._shaped(self.rows[start : min(end, len(self))]), self.labels[start:end]

    def batches(
        self, order: torch.Tensor | None, bounds: list[tuple[int, int]], generator: torch.Generator | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Features and labels of one batch after the other: for each (start, end) the images `order[start:end]`.

        `order` is (n,) int64 on the CPU, None for the split's own. With a CPU generator half of them, chosen at random once
        for the whole pass, are those of the mirror image, which leaves one picking for a batch: 8 microseconds for 64 x 512
        features. Raises ValueError when features of mirror images were not computed.
        """
        if order is None and generator is None:
            return (self.slice(start, end) for start, end in bounds)
        return ((self.picked(pick), labels) for pick, labels in self.picks(order, bounds, generator))

    def picks(
        self, order: torch.Tensor | None, bounds: list[tuple[int, int]], generator: torch.Generator | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """What `picked` makes the features of, (k,) int64 on the device, and labels, of a batch after the other, as `batches`."""
        index = torch.arange(len(self), device=self.device) if order is None else order.to(self.device)
        rows = index if generator is None else self._some_mirrored(index, generator)
        labels = self.labels.index_select(0, index)
        return ((rows[start:end], labels[start:end]) for start, end in bounds)

    def picked(self, pick: torch.Tensor) -> torch.Tensor:
        """Features (k, *shape) of one of `picks`."""
        return self._shaped(self.rows.index_select(0, pick))

    def _some_mirrored(self, index: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if not self.mirrored:
            raise ValueError("features of mirror images were not computed")
        mirror = torch.rand(len(index), generator=generator) < 0.5
        return index + mirror.to(self.device) * len(self)

    def _shaped(self, rows: torch.Tensor) -> torch.Tensor:
        if len(self.shape) != 3:
            return rows.view(-1, *self.shape)
        channels, height, width = self.shape
        return rows.view(-1, height, width, channels).permute(0, 3, 1, 2)  # (k, H, W, C) -> (k, C, H, W), same memory


def split_frozen(model: nn.Module) -> tuple[nn.Module | None, nn.Module]:
    """The leading part of a network that gives the same for the same picture all through a training, and the rest.

    Both share their modules with the model, which is put into training mode as the loop does. The part is None when
    there is nothing to save: no weights in it. A module of it has nothing that trains and either stays in evaluation mode
    or is one of torch's own without chance or running statistics.
    """
    if not isinstance(model, nn.Sequential):
        return None, model
    model.train()
    parts = list(model._modules.items())
    count = next((number for number, (_, part) in enumerate(parts) if not _is_fixed(part)), len(parts))
    frozen, rest = (nn.Sequential(OrderedDict(some)) for some in (parts[:count], parts[count:]))
    if not len(rest) or not any(True for _ in frozen.parameters()):
        return None, model
    return frozen.train(), rest.train()


def rest_of(model: nn.Module, frozen: nn.Module) -> nn.Module:
    """What follows, in a copy of a split network, the part that was split off; whether the copy's weights train or not."""
    assert isinstance(model, nn.Sequential) and isinstance(frozen, nn.Sequential)
    return nn.Sequential(OrderedDict(list(model._modules.items())[len(frozen) :]))


def _is_fixed(part: nn.Module) -> bool:
    if any(weights.requires_grad for weights in part.parameters()):
        return False
    return not any(module.training and _depends_on_mode(module) for module in part.modules())


def _depends_on_mode(module: nn.Module) -> bool:
    """Whether a module may do something else in training than in evaluation. Of a foreign one that is assumed."""
    return isinstance(module, _DEPEND_ON_MODE) or not type(module).__module__.startswith("torch.nn.modules.")


def can_cache(augmentation: Augmentation) -> bool:
    """Whether features serve every epoch: pictures stay as they are, or are mirrored and nothing else."""
    return augmentation.model_copy(update={"flip": False}) == Augmentation()


def features_bytes(
    frozen: nn.Module, pictures: Pictures, autocast: AbstractContextManager, *, mirrored: bool = False
) -> int:
    """Bytes that the features of a split take, known from those of its first picture."""
    inputs, _ = pictures.slice(0, 1)
    features = _passed(frozen, inputs, autocast)
    return features.numel() * features.element_size() * len(pictures) * (2 if mirrored else 1)


def compute_features(
    frozen: nn.Module,
    pictures: Pictures,
    batch_size: int,
    autocast: AbstractContextManager,
    *,
    mirrored: bool = False,
    before: int = 0,
    images: int | None = None,
    fit: Fit | None = None,
) -> Generator[Preparing | FewerAtOnce, None, Features]:
    """Sends a split through the frozen part, yielding after each batch how many of the `images` in all (by default the
    split's own) are done, `before` of them earlier; returns the features.

    They are bit for bit what the frozen part gives in training under the same autocast at the same batch size. At another
    one a processor may sum in another order: in float32 the last digit then differs, in bfloat16 none did. Large batches
    pay: 250 pictures of 32 pixels at a time go 1.4 times as fast through ResNet18 as 64. Folding batch norm into the
    convolutions would give 1.03 times more, and other roundings than training without features: left out. A batch that does
    not fit into the memory is halved, as far as `fit` says; raises OutOfMemory when one picture does not fit, and what torch
    raises when all features together do not.
    """
    prepared = _prepared(frozen, autocast, pictures.device)
    bounds = batch_bounds(len(pictures), batch_size)
    rows: torch.Tensor | None = None
    shape: tuple[int, ...] = ()

    def passed(batch: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
        inputs, _ = batch
        return [_passed(prepared, some, autocast) for some in ((inputs, inputs.flip(-1)) if mirrored else (inputs,))]

    for each in in_halves(bounds, lambda some: pictures.batches(None, some), passed, fit or Fit(), pictures.device):
        if isinstance(each, FewerAtOnce):
            yield each
            continue
        start, end, found = each
        for first, features in zip(
            (0, len(pictures)), found, strict=False
        ):  # (end - start, F) or (end - start, C, H, W)
            if rows is None:  # its size is known now; one matrix from the start needs no second copy at the end
                shape = tuple(features.shape[1:])
                count = len(pictures) * (2 if mirrored else 1)
                rows = torch.empty((count, math.prod(shape)), dtype=features.dtype, device=features.device)
            features = features.permute(0, 2, 3, 1) if features.ndim == 4 else features  # channels last
            rows[first + start : first + end] = features.reshape(end - start, -1)
        yield Preparing(before + end, images or len(pictures))
    assert rows is not None, "a split is never empty"
    return Features(rows, pictures.labels, shape)


def _passed(frozen: nn.Module, inputs: torch.Tensor, autocast: AbstractContextManager) -> torch.Tensor:
    with torch.inference_mode(), autocast:
        return frozen(inputs)


def _prepared(frozen: nn.Module, autocast: AbstractContextManager, device: torch.device) -> nn.Module:
    """A copy in evaluation mode whose convolutions already have the type that autocast would cast them to at each batch.

    Autocast keeps such casts only of weights that train. The same numbers come 1.1 times as fast at batch 64, 1.03 at 250.
    """
    prepared = copy.deepcopy(frozen).eval()
    with autocast:
        dtype = torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else None
    for module in prepared.modules():
        if dtype is not None and isinstance(module, nn.modules.conv._ConvNd | nn.Linear):
            module.to(dtype)
    return prepared
