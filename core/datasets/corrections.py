"""Pictures that people corrected: kept beside a dataset, in its own form, and added to a training when someone asks for it.

`DATA/own/<dataset>/<class number>/<id>.png`; of own pictures each dataset has its folder, where once all of them shared one,
which is still read. Importable without torch.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from pathlib import Path

import numpy as np

from core.datasets._base import DatasetError, DatasetSettings
from core.datasets.cache import save
from core.files import remove_file, remove_folder, replace_file
from core.image_sets.folders import cache_name


def keep(dataset: DatasetSettings, data_folder: Path, pixels: np.ndarray, label: int) -> Path:
    """Keeps a picture, uint8 (C, H, W) from the dataset's `prepare`, as one of a class. Raises DatasetError."""
    from PIL import Image

    shape, classes = dataset.info().shape, len(dataset.info().class_names)
    if pixels.shape != shape or not 0 <= label < classes:
        raise DatasetError(f"A picture of shape {pixels.shape} and class {label} does not belong to {dataset.title()}.")
    path = _folder(dataset, data_folder) / str(label) / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}.png"
    image = Image.fromarray(pixels[0] if shape[0] == 1 else pixels.transpose(1, 2, 0).copy())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        image.save(temporary, "PNG")
        replace_file(temporary, path)
    except OSError as error:
        raise DatasetError(
            f"The picture could not be kept in {path.parent} ({error.strerror}); free some space."
        ) from error
    return path


def forget(path: Path) -> None:
    """Takes back what was kept a moment ago."""
    with contextlib.suppress(OSError):
        remove_file(path)


def forget_all(set_id: str, data_folder: Path) -> None:
    """Removes what was kept beside a dataset of own pictures, copies for other computers too, and what datasets of own pictures
    once shared, of which nobody knows whose it is. Never raises."""
    own, name = data_folder / "own", cache_name(set_id)
    for folder in (own / name, own / "own_images", *(data_folder / "corrections").glob(f"{name}-*")):
        if folder.exists():
            remove_folder(folder)


def how_many(dataset: DatasetSettings, data_folder: Path) -> int:
    """How many pictures are kept beside this dataset."""
    return len(_files(dataset, data_folder))


def corrected_pictures(dataset: DatasetSettings, data_folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, C, H, W) and int64 (N,), in a steady order; what cannot be read or has another form is passed over."""
    from PIL import Image

    channels, height, width = dataset.info().shape
    pictures, labels = [], []
    for path in _files(dataset, data_folder):
        try:
            with Image.open(path) as image:
                if image.size != (width, height):
                    continue
                pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
        except Exception:  # a damaged file raises many kinds
            continue
        pictures.append(pixels.reshape(height, width, channels).transpose(2, 0, 1))
        labels.append(int(path.parent.name))
    shaped = np.array(pictures, dtype=np.uint8).reshape(-1, channels, height, width)
    return shaped, np.array(labels, dtype=np.int64)


def write_corrections(folder: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    """Writes what `corrected_pictures` gave as two files, for another computer. Raises OSError."""
    for name, values in (("pixels", pictures), ("labels", labels)):
        save(folder / f"{name}.npy", values)


def corrections_in(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What `write_corrections` wrote. Raises DatasetError."""
    try:
        pictures, labels = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("pixels", "labels"))
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(
            f"The corrected pictures that were brought into {folder} are not whole; resume the run to bring them anew."
        ) from error
    return pictures, labels


def _files(dataset: DatasetSettings, data_folder: Path) -> list[Path]:
    classes = len(dataset.info().class_names)
    folders = {_folder(dataset, data_folder), data_folder / "own" / dataset.name}  # type: ignore[attr-defined]
    found = sorted((path for folder in folders for path in folder.glob("*/*.png")), key=lambda path: path.parts[-2:])
    return [path for path in found if path.parent.name.isdecimal() and int(path.parent.name) < classes]


def _folder(dataset: DatasetSettings, data_folder: Path) -> Path:
    return data_folder / "own" / dataset.cache_name()
