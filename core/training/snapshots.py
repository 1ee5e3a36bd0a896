"""What is kept of a network while it learns, for people who want to see it learn: see `core.runs.snapshots`."""

from __future__ import annotations

import time

import numpy as np
from torch import nn

from core.run_config import RunConfig
from core.runs.snapshots import FILTERS, KEPT, ProbeImages, Snapshot, SnapshotStore
from core.runs.store import Run
from core.training.batches import Splits
from core.training.loop import Epoch, TrainingState
from core.training.probe import probe_rows

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


class SnapshotRecorder:
    """Writes the snapshots of a run."""

    def __init__(self, run: Run, config: RunConfig, splits: Splits):
        self._store = SnapshotStore(run)
        self._planned = config.training.epochs
        self._shape = splits.val.shape
        self._written = 0.0
        index = probe_rows(splits.val.labels.cpu())
        self._probe = ProbeImages(splits.val.as_pictures(index), splits.val.labels.cpu()[index].numpy())

    def epoch(self, epoch: Epoch, state: TrainingState) -> None:
        """Keeps what a person may want to look at of this epoch. Raises OSError."""
        in_turn = epoch.epoch in (1, self._planned) or epoch.epoch % -(-self._planned // KEPT) == 0
        if not (in_turn or epoch.is_best) and time.monotonic() - self._written < SHORTEST_SILENCE:
            return
        if self._store.probe_images() is None:
            self._store.write_probe_images(self._probe)
        snapshot = Snapshot(epoch.epoch, epoch.probe, epoch.confusion, first_filters(state.eval_model, self._shape))
        self._store.write(snapshot, self._planned, epoch.is_best)
        self._written = time.monotonic()
