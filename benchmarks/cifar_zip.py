"""CIFAR-10 from a ZIP of JPEG folders (train/CLASS/*.jpg, test/CLASS/*.jpg) as tensors, for measurements only."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.datasets import ImageData
from core.datasets.cifar10 import CIFAR10
from core.paths import data_folder

ZIP_NAME = "cifar10-jpg.zip"


def load_cifar10() -> ImageData:
    """The original files if the data folder has them, else the ZIP, decoded once and kept in the temporary folder."""
    settings = CIFAR10()
    if settings.is_present(data_folder()):
        return settings.load(data_folder())
    kept = Path(tempfile.gettempdir()) / "traindesk-cifar10.npz"
    if not kept.exists():
        np.savez(kept, **_decode(data_folder() / ZIP_NAME, settings.info().class_names))
    with np.load(kept) as arrays:
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return ImageData(**tensors)


def _decode(archive: Path, class_names: tuple[str, ...]) -> dict[str, np.ndarray]:
    images: dict[str, list] = {"train": [], "test": []}
    labels: dict[str, list] = {"train": [], "test": []}
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            parts = name.split("/")
            if len(parts) == 3 and parts[2].endswith(".jpg"):
                picture = Image.open(io.BytesIO(file.read(name))).convert("RGB")
                images[parts[0]].append(np.asarray(picture).transpose(2, 0, 1))  # (3, 32, 32)
                labels[parts[0]].append(class_names.index(parts[1]))
    return {f"{split}_images": np.stack(images[split]) for split in images} | {
        f"{split}_labels": np.array(labels[split], dtype=np.int64) for split in labels
    }
