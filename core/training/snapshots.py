"""What is kept of a network while it learns, for people who want to see it learn: see `core.runs.snapshots`."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn

from core.runs.snapshots import FILTERS, KEPT, PICTURES, ProbeImages, Snapshot, SnapshotStore
from core.training.batches import Pictures
from core.training.loop import Epoch, TrainingState

SHORTEST_SILENCE = 0.5  # seconds between snapshots that are neither in turn nor at the best epoch


def first_filters(model: nn.Module, shape: tuple[int, int, int]) -> np.ndarray | None:
    """The weights of the first layer as pictures: float32 (k, h, w, C), at most FILTERS of them.

    A convolution's kernels, or the weights from each pixel of a picture of `shape` (C, H, W) to a neuron. None when a
    person could not see anything in them: a first layer of another kind, of other channels, or of single pixels.
    """
    first = next((layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)), None)
    if isinstance(first, nn.Conv2d) and first.in_channels in (1, 3) and min(first.kernel_size) > 1:
        weights = first.weight
    elif isinstance(first, nn.Linear) and first.in_features == np.prod(shape):
        weights = first.weight.view(-1, *shape)  # (out, C*H*W) -> (out, C, H, W)
    else:
        return None
    return weights[:FILTERS].detach().permute(0, 2, 3, 1).float().cpu().numpy()


def probe_rows(labels: torch.Tensor, number: int = PICTURES) -> torch.Tensor:
    """Which images of a split with these labels are probe images: int64 (n,) on the CPU, one of each class in turn."""
    by_class = [(labels == label).nonzero().flatten().tolist() for label in labels.unique().tolist()]
    rounds = range(max(map(len, by_class), default=0))
    chosen = [rows[turn] for turn in rounds for rows in by_class if turn < len(rows)][:number]
    return torch.tensor(sorted(chosen, key=lambda row: (int(labels[row]), row)), dtype=torch.int64)


class SnapshotRecorder:
    """Writes the snapshots of a run."""

    def __init__(self, store: SnapshotStore, epochs: int, val: Pictures):
        """`epochs` are planned. Which images of `val` are probe images is decided here alone."""
        self._store, self._planned, self._shape = store, epochs, val.shape
        self._written = 0.0
        labels = val.labels.cpu()
        self.probe = probe_rows(labels)
        self._images = ProbeImages(val.as_pictures(self.probe), labels[self.probe].numpy())

    def epoch(self, epoch: Epoch, state: TrainingState) -> None:
        """Keeps what a person may want to look at of this epoch. Raises OSError."""
        in_turn = epoch.epoch in (1, self._planned) or epoch.epoch % -(-self._planned // KEPT) == 0
        if not (in_turn or epoch.is_best) and time.monotonic() - self._written < SHORTEST_SILENCE:
            return
        if self._store.probe_images() is None:
            self._store.write_probe_images(self._images)
        snapshot = Snapshot(epoch.epoch, epoch.probe, epoch.confusion, first_filters(state.eval_model, self._shape))
        self._store.write(snapshot, self._planned, epoch.is_best)
        self._written = time.monotonic()
