"""The pictures of a dataset as people see them, from what the cache keeps. Importable without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.datasets._base import DATASETS, DatasetSettings, spread_over_classes
from core.datasets.cache import kept_array

SAMPLES = (
    Path(__file__).parent / "samples"
)  # <name>.png: the first pictures of a dataset that comes along, side by side
SHOWN = 10  # pictures of a dataset in a list


def pictures_of(dataset: DatasetSettings, data_folder: Path, split: str) -> np.ndarray | None:
    """uint8 (N, H, W, C), only to be read, of the published part that `split` is from: "test", or the training images for
    "train" and "val". None when they are not kept here: the run was trained on another computer, or before they changed."""
    return kept_array(dataset, data_folder, "test" if split == "test" else "train", "pixels")


def labels_of(dataset: DatasetSettings, data_folder: Path, split: str) -> np.ndarray | None:
    """int64 (N,): the classes of the same pictures, or None."""
    return kept_array(dataset, data_folder, "test" if split == "test" else "train", "labels")


def published() -> dict[str, DatasetSettings]:
    """The datasets that others have published, by name: all that are registered but those that people bring themselves."""
    found = {name: settings_class.model_validate({}) for name, settings_class in DATASETS.items()}
    return {name: dataset for name, dataset in found.items() if not dataset.problem()}


def first_pictures(dataset: DatasetSettings, data_folder: Path, most: int = SHOWN) -> list[np.ndarray]:
    """Some pictures of different classes, uint8 (H, W, C) each, without decoding anything: none of a dataset that neither
    comes along nor was used here."""
    from PIL import Image

    pixels, labels = pictures_of(dataset, data_folder, "train"), labels_of(dataset, data_folder, "train")
    if pixels is not None and labels is not None:
        return [np.array(pixels[row]) for row in spread_over_classes(labels, most)]
    try:
        with Image.open(SAMPLES / f"{dataset.cache_name()}.png") as opened:
            strip = np.asarray(opened)
    except OSError:
        return []
    strip = strip[:, :, None] if strip.ndim == 2 else strip
    width = dataset.info().shape[2]
    return [strip[:, start : start + width] for start in range(0, strip.shape[1], width)][:most]
