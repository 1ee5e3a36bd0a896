"""Snapshots: what a network made of a few `val` pictures after each epoch, its confusion matrix then, and its first filters.

They lie in the run's folder `looks`: the pictures once, and a file for each epoch that is kept. Importable without torch.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.files import remove_file
from core.runs.arrays import read_arrays, write_arrays
from core.runs.store import Run

PICTURES = 12  # probe images
FILTERS = 24  # of the first layer that are kept
LARGEST = float(np.finfo(np.float16).max)
KEPT = 100  # epochs; of longer trainings every second, third ... one, always with the first, the best and the last


@dataclass(frozen=True)
class ProbeImages:
    """The validation pictures that show how a network learns: the same ones after each epoch."""

    pixels: np.ndarray  # (n, H, W, C) uint8
    labels: np.ndarray  # (n,) int64


@dataclass(frozen=True)
class Snapshot:
    """What a network was like after an epoch."""

    epoch: int
    probabilities: np.ndarray  # (n, classes) float32, of the probe images
    confusion: np.ndarray  # (classes, classes) int64, of `val`, rows true, columns predicted
    filters: (
        np.ndarray | None
    )  # (k, h, w, channels) float32, weights of the first layer; None: there are none to be seen


class SnapshotStore:
    """The snapshots of one run: its worker writes them, pages read them."""

    def __init__(self, run: Run):
        self.folder = run.folder / "looks"

    @property
    def pictures(self) -> Path:
        """The file of the probe images."""
        return self.folder / "pictures.npz"

    def write_probe_images(self, probe: ProbeImages) -> None:
        """Raises OSError."""
        self.folder.mkdir(exist_ok=True)
        write_arrays(self.pictures, pixels=probe.pixels, labels=probe.labels)

    def probe_images(self) -> ProbeImages | None:
        """The pictures, if the run kept any."""
        content = read_arrays(self.pictures, pixels="u4", labels="iu1")
        if not content or not len(content["pixels"]) == len(content["labels"]) > 0 or 0 in content["pixels"].shape:
            return None
        is_picture = content["pixels"].dtype == np.uint8 and content["pixels"].shape[3] in (1, 3)
        return ProbeImages(content["pixels"], content["labels"].astype(np.int64)) if is_picture else None

    def write(self, snapshot: Snapshot, planned: int, is_best: bool) -> None:
        """Keeps a snapshot and lets go of one that is neither in turn nor the best or the latest any more. Raises OSError.

        `planned` is the number of epochs.
        """
        every = -(-planned // KEPT)
        for earlier in self.epochs():
            in_turn = earlier == 1 or earlier % every == 0
            if earlier > snapshot.epoch or not (in_turn or (earlier == self._best() and not is_best)):
                remove_file(self._file(earlier))
        arrays: dict[str, np.ndarray] = {
            "probabilities": snapshot.probabilities.astype(np.float16),
            "confusion": snapshot.confusion.astype(np.int32),
        }
        if snapshot.filters is not None:
            arrays["filters"] = np.clip(snapshot.filters, -LARGEST, LARGEST).astype(np.float16)
        write_arrays(self._file(snapshot.epoch), **arrays)
        if is_best:
            (self.folder / "best").write_text(str(snapshot.epoch), encoding="ascii")

    def epochs(self) -> list[int]:
        """Those of which there is a snapshot, ascending."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return sorted(int(name[:-4]) for name in names if name.endswith(".npz") and name[:-4].isdecimal())

    def read(self, epoch: int) -> Snapshot | None:
        """The snapshot of an epoch; None when there is none or it is damaged."""
        content = read_arrays(self._file(epoch), probabilities="f2", confusion="iu2")
        if not content or content["confusion"].shape != (content["probabilities"].shape[1],) * 2:
            return None
        filters = read_arrays(self._file(epoch), filters="f4").get("filters")
        if filters is not None and (filters.shape[3] not in (1, 3) or 0 in filters.shape):
            filters = None
        return Snapshot(
            epoch,
            content["probabilities"].astype(np.float32),
            content["confusion"].astype(np.int64),
            None if filters is None else filters.astype(np.float32),
        )

    def _best(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "best").read_text(encoding="ascii"))
        return None

    def _file(self, epoch: int) -> Path:
        return self.folder / f"{epoch:06d}.npz"
