"""The pictures of a dataset as people see them, from what the cache keeps. Importable without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.datasets._base import DatasetSettings
from core.datasets.cache import kept_labels, kept_pixels

if TYPE_CHECKING:
    import numpy as np


def pictures_of(dataset: DatasetSettings, data_folder: Path, split: str) -> np.ndarray | None:
    """uint8 (N, H, W, C), only to be read, of the published part that `split` is from: "test", or the training images for
    "train" and "val". None when they are not kept here: the run was trained on another computer, or before they changed."""
    return kept_pixels(dataset, data_folder, "test" if split == "test" else "train")


def labels_of(dataset: DatasetSettings, data_folder: Path, split: str) -> np.ndarray | None:
    """int64 (N,): the classes of the same pictures, or None."""
    return kept_labels(dataset, data_folder, "test" if split == "test" else "train")
