"""Images of a split, and batches of them on the device, ready for a network."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from core.datasets import DatasetSettings, ImageData
from core.datasets.cache import DecodedImages, as_matrix, decoded
from core.errors import TrainDeskError
from core.image_sets.splitting import TEST, TRAIN, VAL, Plan, Rows, plan_of
from core.machine.memory import KINDS, free_bytes, is_out_of_memory, release
from core.training.picking import picked_natively, picks_natively
from core.training.precision import laid_out, way_by_rule
from core.training.prefetch import ahead_of_time
from core.training.sampling import Bounds

MEMORY_SHARE = 0.5  # of what is free: the most that pixels take, the rest is for the network and its gradients


@dataclass(frozen=True)
class Pictures:
    """One split: rows of a uint8 matrix. A batch is picked, converted and normalised as a whole.

    Pixels lie flat, because picking rows of a matrix is nine times faster than picking 4-d images, and with channels
    last, the layout in which convolutions run fastest on a CPU (1.4 to 1.6 times). Scale and offset are repeated for
    every pixel: one pass over flat rows takes 90 microseconds for 128 colour pictures of 32 x 32, where passes that
    repeat three numbers pixel by pixel take 435.

    Pixels for which the device has no room stay where they are, in a file or in memory; `batches` then reads ahead.
    """

    pixels: torch.Tensor  # (N, H*W*C) uint8, only to be read; the splits of the training images share it
    rows: torch.Tensor | None  # (n,) int64, where the pixels are: which rows are this split's; None: all, in order
    labels: torch.Tensor  # (n,) int64 on the device
    shape: tuple[int, int, int]  # C, H, W
    scales: torch.Tensor  # (H*W*C,) float32 on the device, of grey pictures (1,): input = pixel * scale + offset
    offsets: torch.Tensor  # (H*W*C,) or (1,)
    one_scale: float | None  # the scale of grey pictures: a number is quicker to multiply by than a row
    dtype: torch.dtype = torch.float32  # of the inputs: computed in float32, rounded once
    streams: bool = False  # do the pixels stay elsewhere than in the device's memory?
    layout: torch.memory_format = torch.channels_last  # of the inputs; the other one costs a copy

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where batches come out."""
        return self.labels.device

    @property
    def offset(self) -> torch.Tensor:
        """The network input that means black, (C,)."""
        return self.offsets[: self.shape[0]].to(self.dtype)

    def slice(self, start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Network inputs (k, C, H, W), in the layout, and labels (k,) of the images from `start` up to `end`, in order."""
        return self._inputs(self._stored(start, end)), self.labels[start:end]

    def batches(
        self, order: torch.Tensor | None, bounds: list[tuple[int, int]]
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The same for one batch after the other: of each (start, end) the images `order[start:end]`.

        `order` is (n,) int64 on the CPU; None is the split's own. Rows and labels are put in order once, which leaves
        one picking and one conversion for a batch. Where pixels stream, a thread makes the next batches ready meanwhile;
        it ends with them or when the generator is closed.
        """
        ordered = self if order is None else self.only(order)
        return ordered._streamed(bounds) if self.streams else (ordered.slice(start, end) for start, end in bounds)

    def picks(self, order: torch.Tensor, bounds: Bounds) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """What `picked` makes the inputs of, and labels, of one batch after the other, on the device: the rows of its pixels
        (k,) int64 where they lie there, else the inputs."""
        ordered = self.only(order)
        if ordered.streams:
            return ordered._streamed(bounds)
        rows, labels = ordered.rows, ordered.labels
        assert rows is not None
        return ((rows[start:end], labels[start:end]) for start, end in bounds)

    def picked(self, pick: torch.Tensor) -> torch.Tensor:
        """Network inputs (k, C, H, W), channels last, of one of `picks`."""
        if self.streams:
            return pick
        if picks_natively(self.pixels, self.dtype):
            return self._arranged(picked_natively(self.pixels, pick, *self._of_every_pixel, self.dtype))
        return self._inputs(self.pixels.index_select(0, pick))

    def only(self, index: torch.Tensor) -> Pictures:
        """Those images numbered in `index` (k,) int64 alone, in that order."""
        labels = self.labels.index_select(0, index.to(self.device))
        return dataclasses.replace(self, rows=self._rows_of(index), labels=labels)

    def sample(self, count: int) -> torch.Tensor:
        """At most so many images, evenly spread over the split, as exact network inputs: float32 (k, C, H, W) on the CPU."""
        chosen = torch.linspace(0, len(self) - 1, min(count, len(self))).long()
        return dataclasses.replace(self.only(chosen), dtype=torch.float32).slice(0, len(chosen))[0].cpu()

    def as_pictures(self, index: torch.Tensor) -> np.ndarray:
        """The images numbered in `index` (k,) int64 as they are to be seen: uint8 (k, H, W, C)."""
        channels, height, width = self.shape
        pixels = self.pixels.index_select(0, self._rows_of(index))
        return pixels.view(-1, height, width, channels).cpu().numpy()

    def _streamed(self, bounds: list[tuple[int, int]]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Where the memory has no room for what is made ahead, batches are made one by one."""
        if self.device.type == "mps":  # two threads that compute on it crash: the other one only picks rows
            yield from self._streamed_rows(bounds)
            return
        done = 0
        try:
            for batch in self._ahead(bounds):
                done += 1
                yield batch
                del batch
            return
        except KINDS as error:
            if not is_out_of_memory(error):
                raise
        release(self.device)
        for start, end in bounds[done:]:
            yield self.slice(start, end)

    def _ahead(self, bounds: list[tuple[int, int]]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        copying = _copying(self.device) if self.device.type == "cuda" else None  # while the network computes
        loading = ahead_of_time(self._loaded(start, end, copying) for start, end in bounds)
        try:
            for (start, end), (inputs, copied) in zip(bounds, loading, strict=True):
                if copied is not None:
                    computing = torch.cuda.current_stream(self.device)
                    computing.wait_event(copied)
                    inputs.record_stream(computing)  # else its memory could be given to a later copy too soon
                yield inputs, self.labels[start:end]
        finally:
            loading.close()

    def _streamed_rows(self, bounds: Bounds) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        loading = ahead_of_time(self._stored(start, end) for start, end in bounds)
        try:
            for (start, end), pixels in zip(bounds, loading, strict=True):
                yield self._inputs(pixels), self.labels[start:end]
        finally:
            loading.close()

    def _loaded(
        self, start: int, end: int, copying: torch.cuda.Stream | None
    ) -> tuple[torch.Tensor, torch.cuda.Event | None]:
        """Inputs on the device; on CUDA with the event after which they may be used."""
        pixels = self._stored(start, end)
        if copying is None:
            return self._inputs(pixels), None
        with torch.cuda.stream(copying):
            inputs = self._inputs(pixels.pin_memory().to(self.device, non_blocking=True))
            return inputs, copying.record_event()

    def _rows_of(self, index: torch.Tensor) -> torch.Tensor:
        index = index.to(self.pixels.device)
        return index if self.rows is None else self.rows.index_select(0, index)

    def _stored(self, start: int, end: int) -> torch.Tensor:
        """uint8 (k, H*W*C) where the pixels are. Sorting the rows of a mapped file first gained nothing, cold or warm."""
        if self.rows is None:
            return self.pixels[start:end]
        return self.pixels.index_select(0, self.rows[start:end])

    @functools.cached_property
    def _of_every_pixel(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Scales and offsets, also of grey pictures (H*W*C,)."""
        size = self.pixels.shape[1]
        return self.scales.expand(size).contiguous(), self.offsets.expand(size).contiguous()

    def _inputs(self, pixels: torch.Tensor) -> torch.Tensor:
        values = pixels.to(self.device).float()  # a copy: changed in place, which takes a tenth off the time
        if self.one_scale is not None:
            torch.add(self.offsets, values, alpha=self.one_scale, out=values)
        else:
            torch.addcmul(self.offsets, values, self.scales, out=values)
        return self._arranged(values.to(self.dtype))

    def _arranged(self, inputs: torch.Tensor) -> torch.Tensor:
        channels, height, width = self.shape
        pictures = inputs.view(-1, height, width, channels)
        return laid_out(pictures.permute(0, 3, 1, 2), self.layout)  # (k, H, W, C) -> (k, C, H, W)


@functools.cache
def _copying(device: torch.device) -> torch.cuda.Stream:
    """The stream on which pictures come to a GPU; one for all passes, as torch keeps what memory each has used for itself."""
    return torch.cuda.Stream(device)


def pictures(images: torch.Tensor, labels: torch.Tensor, dataset: DatasetSettings, device: torch.device) -> Pictures:
    """A split on its device from uint8 (N, C, H, W) and int64 (N,)."""
    return _on(device, as_matrix(images).to(device), labels, images.shape[1:], dataset)


@dataclass(frozen=True)
class Splits:
    """The three splits of a run. `val` is held out from the training images; `test` is the published one."""

    train: Pictures
    val: Pictures
    test: Pictures


def split(
    images: DecodedImages | ImageData,
    dataset: DatasetSettings,
    share: float,
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    memory: int | None = None,
    limit: int = 0,
    layout: torch.memory_format | None = None,
) -> Splits:
    """The splits as `core.image_sets.splitting.plan_of` plans them, with at most `limit` training images of each class, 0: all.

    Raises TrainDeskError when one of them is empty.

    Inputs come out in `dtype` and `layout`, by default the device's usual one. The pixels are copied to the device when they
    take at most `memory` bytes (default: half of what is free there) and find room there, otherwise they stream from where
    they are.
    """
    if isinstance(images, ImageData):
        images = decoded(images)
    if memory is None:
        memory = int(free_bytes(device) * MEMORY_SHARE)
    streams = images.train_pixels.nbytes + images.test_pixels.nbytes > memory
    stored = images.train_pixels, images.test_pixels
    copied = None if streams else _copied(stored, device, images.mapped)
    streams, (train_pixels, test_pixels) = copied is None, copied or stored
    plan = plan_of_images(images, len(dataset.info().class_names), share, seed, limit)
    for number, words in ((TRAIN, "training"), (VAL, "validation"), (TEST, "test")):
        if not plan.total(number):
            raise TrainDeskError(
                f"{dataset.title()} has no {words} pictures as they are shared out; the Data page says why and mends it."
            )
    of_train = torch.from_numpy(plan.parts[: len(images.train_labels)])

    def part(pixels: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor | None = None) -> Pictures:
        rows = None if mask is None else mask.nonzero().squeeze(1).to(pixels.device)
        labels = labels if mask is None else labels[mask]
        return _on(
            device, pixels, labels, images.shape, dataset, rows=rows, dtype=dtype, streams=streams, layout=layout
        )

    return Splits(
        train=part(train_pixels, images.train_labels, of_train == TRAIN),
        val=part(train_pixels, images.train_labels, of_train == VAL),
        test=part(test_pixels, images.test_labels),
    )


def _copied(
    stored: tuple[torch.Tensor, torch.Tensor], device: torch.device, always: bool
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """The same on the device, of what is there already a copy only if `always`; None when there is no room for it."""
    try:
        train, test = (pixels.to(device, copy=always) for pixels in stored)
        return train, test
    except KINDS as error:
        if not is_out_of_memory(error):
            raise
    release(device)
    return None


def plan_of_images(images: DecodedImages, classes: int, share: float, seed: int, limit: int = 0) -> Plan:
    """The plan of decoded images: the training images' rows, then the test images'."""
    group_ids = None if images.train_group_ids is None else images.train_group_ids.numpy()
    rows = Rows.as_kept(images.train_labels.numpy(), group_ids, images.test_labels.numpy())
    return plan_of(rows, classes, share, seed, limit)


def _on(device, pixels, labels, shape, dataset: DatasetSettings, *, rows=None, layout=None, **how) -> Pictures:
    mean, deviation = (torch.tensor(values) for values in dataset.mean_and_deviation())  # (C,), pixel values 0..1
    scale, offset = 1 / (255 * deviation), -mean / deviation
    every_pixel = shape[1] * shape[2] if len(scale) > 1 else 1
    return Pictures(
        pixels=pixels,
        rows=rows,
        labels=labels.to(device),
        shape=tuple(shape),
        scales=scale.repeat(every_pixel).to(device),
        offsets=offset.repeat(every_pixel).to(device),
        one_scale=scale.item() if len(scale) == 1 else None,
        layout=layout or way_by_rule("float32", device, 0).layout,
        **how,
    )
