"""What the best network said of every picture of a split, kept in the run's folder. Importable without torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from core.runs.arrays import read_arrays, write_arrays
from core.runs.store import Run

Split = Literal["val", "test"]


@dataclass(frozen=True)
class Predictions:
    """In the order of the split."""

    logits: np.ndarray  # (N, classes) float32, shifted so that the largest of each row is 0
    labels: np.ndarray  # (N,) int64
    rows: np.ndarray  # (N,) int64: which pictures of the dataset's published part they are

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(N, classes) float32, each row adding up to 1."""
        values = np.exp(self.logits)
        return values / values.sum(axis=1, keepdims=True)

    @cached_property
    def predicted(self) -> np.ndarray:
        """(N,) int64: the most probable class."""
        return self.logits.argmax(axis=1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """(N,) float32: the probability of the predicted class."""
        return self.probabilities.max(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """(N,) bool."""
        return self.predicted == self.labels


def write_predictions(run: Run, split: Split, predictions: Predictions) -> None:
    """Raises OSError. In half precision the largest logit, 0, keeps its place: none is rounded up to it by chance."""
    write_arrays(
        run.folder / f"{split}_predictions.npz",
        logits=predictions.logits.astype(np.float16),
        labels=predictions.labels.astype(np.int32),
        rows=predictions.rows.astype(np.int64),
    )


def read_predictions(run: Run, split: Split) -> Predictions | None:
    """None for a run without them: one that has not ended, or of an older version; and for a damaged file."""
    content = read_arrays(run.folder / f"{split}_predictions.npz", logits="f2", labels="iu1", rows="iu1")
    if not content:
        return None
    values, labels, rows = content["logits"], content["labels"], content["rows"]
    if not len(values) == len(labels) == len(rows) > 0 or labels.max() >= values.shape[1]:
        return None
    return Predictions(values.astype(np.float32), labels.astype(np.int64), rows.astype(np.int64))
