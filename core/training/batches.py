"""Images of a split on the device, and batches of them ready for a network."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.datasets import DatasetSettings, ImageData


@dataclass(frozen=True)
class Pictures:
    """One split as uint8 on the device. A batch is picked, converted and normalised as a whole.

    Pixels lie flat, because picking rows of a matrix is nine times faster than picking 4-d images, and with channels
    last, the layout in which convolutions run fastest on a CPU (1.4 to 1.6 times).
    """

    pixels: torch.Tensor  # (N, H*W*C) uint8
    labels: torch.Tensor  # (N,) int64
    shape: tuple[int, int, int]  # C, H, W
    scale: torch.Tensor  # (C,) float32: input = pixel * scale + offset
    offset: torch.Tensor  # (C,)
    one_scale: float | None  # the scale, if all channels have the same

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Network inputs float32 (n, C, H, W), channels last, and labels (n,) of the images numbered in `index` (n,)."""
        return self._normalised(self.pixels.index_select(0, index)), self.labels.index_select(0, index)

    def slice(self, start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The same for the images from `start` up to `end`, in order."""
        return self._normalised(self.pixels[start:end]), self.labels[start:end]

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        channels, height, width = self.shape
        pixels = pixels.view(-1, height, width, channels)
        if self.one_scale is not None:  # one pass over the pixels instead of three
            inputs = torch.add(self.offset, pixels, alpha=self.one_scale)
        else:
            inputs = pixels.to(torch.float32).mul_(self.scale).add_(self.offset)
        return inputs.permute(0, 3, 1, 2)  # (n, H, W, C) -> (n, C, H, W), same memory


def pictures(images: torch.Tensor, labels: torch.Tensor, dataset: DatasetSettings, device: torch.device) -> Pictures:
    """A split on its device from uint8 (N, C, H, W) and int64 (N,)."""
    mean, deviation = (torch.tensor(values) for values in dataset.mean_and_deviation())  # (C,), pixel values 0..1
    scale = 1 / (255 * deviation)
    return Pictures(
        pixels=images.permute(0, 2, 3, 1).reshape(len(images), -1).contiguous().to(device),
        labels=labels.to(device),
        shape=tuple(images.shape[1:]),  # type: ignore[arg-type]
        scale=scale.to(device),
        offset=(-mean / deviation).to(device),
        one_scale=scale[0].item() if (scale == scale[0]).all() else None,
    )


@dataclass(frozen=True)
class Splits:
    """The three splits of a run. `val` is held out from the training images; `test` is the published one."""

    train: Pictures
    val: Pictures
    test: Pictures


def split(data: ImageData, dataset: DatasetSettings, share: float, seed: int, device: torch.device) -> Splits:
    """Holds out `share` of each class of the training images for validation, chosen by `seed`."""
    held_out = held_out_mask(data.train_labels, share, seed)
    train, val = data.train_images[~held_out], data.train_images[held_out]
    return Splits(
        train=pictures(train, data.train_labels[~held_out], dataset, device),
        val=pictures(val, data.train_labels[held_out], dataset, device),
        test=pictures(data.test_images, data.test_labels, dataset, device),
    )


def held_out_mask(labels: torch.Tensor, share: float, seed: int) -> torch.Tensor:
    """Which images are for validation: bool (N,), the same share of every class, at least one image of each."""
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    mask = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        members = shuffled[labels[shuffled] == label]
        mask[members[: max(1, round(len(members) * share))]] = True
    return mask


def batch_bounds(images: int, batch_size: int) -> list[tuple[int, int]]:
    """Start and end of each batch of an epoch. A last batch of one image joins the one before: batch norm needs two."""
    starts = list(range(0, images, batch_size))
    if len(starts) > 1 and images - starts[-1] == 1:
        starts.pop()
    return [(start, end) for start, end in zip(starts, [*starts[1:], images], strict=True)]
