"""Images kept decoded on disk: read, checked and laid out once, then opened in a moment."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.datasets._base import DatasetError, DatasetSettings, ImageData
from core.files import GOING, discard_folder, move_folder, remove_folder

if TYPE_CHECKING:
    import torch

FORMAT = 1  # of the kept files; another number decodes everything anew
SPLITS = ("train", "test")
LEFT_OVER_SECONDS = 3600  # a half-written folder of this age belongs to a process that died


@dataclass(frozen=True)
class DecodedImages:
    """All images of a dataset as two matrices, pixels of a picture in a row, channels last."""

    shape: tuple[int, int, int]  # C, H, W
    train_pixels: torch.Tensor  # (N, H*W*C) uint8; only to be read
    train_labels: torch.Tensor  # (N,) int64
    test_pixels: torch.Tensor  # (M, H*W*C) uint8; only to be read
    test_labels: torch.Tensor  # (M,) int64
    # (N,) int64: look-alikes have the same number and are held out together or not at all; -1 marks the pictures that someone
    # chose for `val` himself: if there are such, they and no others are held out
    train_group_ids: torch.Tensor | None = None
    mapped: bool = False  # do the pixels lie in files, mapped into memory?

    def train_pictures(self, rows: np.ndarray) -> np.ndarray:
        """Training images by their places (n,): uint8 (n, C, H, W)."""
        channels, height, width = self.shape
        return np.moveaxis(self.train_pixels[rows].numpy().reshape(-1, height, width, channels), 3, 1).copy()


def open_images(dataset: DatasetSettings, data_folder: Path) -> DecodedImages:
    """The images of a dataset, from `cache` in the data folder if they are kept there, else decoded and then kept there.

    They are decoded anew when a source file, a setting or a library that decides the result has changed, or when the
    kept files are damaged. Where none can be kept (read-only folder, full disk) the decoded images stay in memory.
    Raises DatasetError when the dataset's own files are missing or damaged.
    """
    dataset.settle(data_folder)
    place = _place(dataset, data_folder)
    if place is None:
        return decoded(dataset.load(data_folder))
    images = _read(place, dataset)
    if images is None and _keep(place, dataset, lambda folder: dataset.write_arrays(data_folder, folder)):
        images = _read(place, dataset)
    if images is None:
        images = found = decoded(dataset.load(data_folder))
        if _keep(place, dataset, lambda folder: _write(found, folder)):
            images = _read(place, dataset) or found
    return images


def images_in(folder: Path, dataset: DatasetSettings) -> DecodedImages:
    """The images that a folder keeps, such as one that was brought from another computer. Raises DatasetError."""
    images = _read(folder, dataset)
    if images is None:
        raise DatasetError(
            f"The pictures of '{dataset.title()}' that were brought to {folder} are not whole; resume the run to bring them anew."
        )
    return images


def kept_files(dataset: DatasetSettings, data_folder: Path) -> list[Path]:
    """All files in which its decoded images are kept now; none when they are not kept whole. Imports no torch."""
    place = _place(dataset, data_folder)
    try:
        if place is None or any(not len(_arrays(dataset, place, split)["labels"]) for split in SPLITS):
            return []
        return sorted(place.glob("*.npy"))
    except Exception:  # missing; a damaged file raises many kinds
        return []


def kept_array(dataset: DatasetSettings, data_folder: Path, part: str, what: str) -> np.ndarray | None:
    """What is kept of one part, "train" or "test", mapped, only to be read; None when nothing is kept.

    `what`: "pixels", uint8 (N, H, W, C), or "labels", int64 (N,).
    """
    place = _place(dataset, data_folder)
    try:
        return None if place is None else _arrays(dataset, place, part)[what]
    except Exception:  # missing; a damaged file raises many kinds
        return None


def decoded(data: ImageData) -> DecodedImages:
    """What `load` gave, laid out."""
    channels, height, width = data.train_images.shape[1:]
    return DecodedImages(
        shape=(channels, height, width),
        train_pixels=as_matrix(data.train_images),
        train_labels=data.train_labels,
        test_pixels=as_matrix(data.test_images),
        test_labels=data.test_labels,
        train_group_ids=data.train_group_ids,
    )


def as_matrix(images: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) -> (N, H*W*C), channels last: the same memory if there is one channel, else a copy."""
    return images.permute(0, 2, 3, 1).flatten(1).contiguous()


def _place(dataset: DatasetSettings, data_folder: Path) -> Path | None:
    """The folder that keeps what these very files decode to; None when a file cannot be seen."""
    try:
        files = [
            (os.path.relpath(file, data_folder), (facts := file.stat()).st_size, facts.st_mtime_ns)
            for file in dataset.sources(data_folder)
        ]
    except (OSError, ValueError):
        return None
    return data_folder / "cache" / f"{_prefix(dataset)}{_digest([FORMAT, dataset.decoder(), files])}"


def _prefix(dataset: DatasetSettings) -> str:
    """What the folders of a dataset begin with: its name, and its own settings where it has any."""
    settings = dataset.model_dump(mode="json", exclude={"name", "normalisation", "facts"})
    name = dataset.cache_name()
    return f"{name}-{_digest(settings)[:8]}-" if settings else f"{name}-"


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _read(place: Path, dataset: DatasetSettings) -> DecodedImages | None:
    """The images kept in a folder; None when there are none or their files are not whole."""
    import torch

    info = dataset.info()
    tensors = {}
    try:
        for split in SPLITS:
            pixels, labels = _arrays(dataset, place, split).values()
            if not len(pixels) == len(labels) > 0 or labels.min() < 0 or labels.max() >= len(info.class_names):
                return None
            with warnings.catch_warnings():  # the pixels may not be written, of which torch warns; nobody does
                warnings.simplefilter("ignore")
                tensors[f"{split}_pixels"] = torch.from_numpy(pixels.reshape(len(pixels), -1))
            tensors[f"{split}_labels"] = torch.from_numpy(labels.copy())
        if (place / "train_kin.npy").exists():
            group_ids = _mapped(place / "train_kin.npy", "int64", ())
            if len(group_ids) != len(tensors["train_labels"]):
                return None
            tensors["train_group_ids"] = torch.from_numpy(group_ids.copy())
    except Exception:  # a damaged file raises many kinds
        return None
    return DecodedImages(shape=info.shape, mapped=True, **tensors)


def _arrays(dataset: DatasetSettings, place: Path, part: str) -> dict[str, np.ndarray]:
    """Pixels and labels of a part. Raises what `_mapped` raises."""
    channels, height, width = dataset.info().shape
    return {
        "pixels": _mapped(place / f"{part}_pixels.npy", "uint8", (height, width, channels)),
        "labels": _mapped(place / f"{part}_labels.npy", "int64", ()),
    }


def _mapped(file: Path, dtype: str, row: tuple[int, ...]) -> np.ndarray:
    """A .npy file mapped into memory, read-only: a writable mapping larger than memory is refused by Linux.

    Raises ValueError when it is not what it should be, and whatever numpy and the system raise.
    """
    array = np.load(file, mmap_mode="r", allow_pickle=False)
    whole = array.offset + array.nbytes == file.stat().st_size
    if not whole or array.dtype != dtype or array.shape[1:] != row or not array.flags.c_contiguous:
        raise ValueError(f"{file} is damaged")
    return np.asarray(array)


def _keep(place: Path, dataset: DatasetSettings, fill: Callable[[Path], bool]) -> bool:
    """Keeps what `fill` writes in a folder that appears all at once, and removes what is kept of older files.

    False: it wrote nothing, or it could not be kept.
    """
    temporary = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    try:
        temporary.mkdir(parents=True)
        if not fill(temporary):
            return False
        if _read(place, dataset) is None:  # no other process was quicker
            discard_folder(place)  # a damaged one
            move_folder(temporary, place)
    except OSError:
        return False
    finally:
        remove_folder(temporary)
    _tidy(place, _prefix(dataset))
    return True


def _write(images: DecodedImages, folder: Path) -> bool:
    channels, height, width = images.shape
    for split in SPLITS:
        pixels, labels = getattr(images, f"{split}_pixels"), getattr(images, f"{split}_labels")
        save(folder / f"{split}_pixels.npy", pixels.view(-1, height, width, channels).numpy())
        save(folder / f"{split}_labels.npy", labels.numpy())
    if images.train_group_ids is not None:
        save(folder / "train_kin.npy", images.train_group_ids.numpy())
    return True


def save(file: Path, array: np.ndarray) -> None:
    """Keeps an array of any shape, written through to the disk: after a power cut a file could otherwise hold zeros."""
    with file.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
        stream.flush()
        os.fsync(stream.fileno())


def _tidy(place: Path, prefix: str) -> None:
    """Removes the same dataset's other folders and what dead processes left half-written."""
    for other in place.parent.iterdir():
        stale = other.name.startswith(prefix) and other != place
        if other.name.startswith(f".{prefix}"):
            try:
                stale = time.time() - other.stat().st_mtime > LEFT_OVER_SECONDS
            except OSError:  # its process has just finished
                continue
        if other.name.startswith(GOING):
            remove_folder(other, patience=0)
        elif stale:
            discard_folder(other)
