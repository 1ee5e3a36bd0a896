"""Handwritten digits of 8 x 8 pixels that come with scikit-learn: so small that every pixel can be looked at."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData, Preparation

if TYPE_CHECKING:
    from PIL import Image

TEST_IMAGES = 360  # one in five


def _published() -> np.ndarray:
    """float64 (1797, 65): 64 pixels from 0 to 16 and the digit. Read from scikit-learn's own file: `load_digits` gives the same
    after importing for a second."""
    found = find_spec("sklearn")
    assert found is not None and found.origin is not None, "requirements.txt names scikit-learn"
    return np.loadtxt(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")


def _split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the training and the test images, as scikit-learn's `train_test_split(range(len(labels)), test_size=TEST_IMAGES,
    stratify=labels, random_state=0)` gives them."""
    chance, counts = np.random.RandomState(0), np.bincount(labels)
    of_train = _shares(counts, len(labels) - TEST_IMAGES, chance)
    of_test = _shares(counts - of_train, TEST_IMAGES, chance)
    mixed = [chance.permutation(np.flatnonzero(labels == digit)) for digit in range(len(counts))]
    train = [rows[:count] for rows, count in zip(mixed, of_train, strict=True)]
    test = [rows[start:][:count] for rows, start, count in zip(mixed, of_train, of_test, strict=True)]
    return chance.permutation(np.concatenate(train)), chance.permutation(np.concatenate(test))


def _shares(counts: np.ndarray, images: int, chance: np.random.RandomState) -> np.ndarray:
    """So many images divided among classes of these sizes; what rounding leaves goes where most is missing, equals draw lots."""
    exact = counts / counts.sum() * images
    shares = np.floor(exact)
    missing = exact - shares
    for value in np.unique(missing)[::-1]:
        if left := images - int(shares.sum()):
            equals = np.flatnonzero(missing == value)
            shares[chance.choice(equals, min(len(equals), left), replace=False)] += 1
    return shares.astype(int)


@DATASETS.register
class Digits(DatasetSettings):
    """Real digits written by 13 people, coarse and few: every pixel can be seen, and they train in seconds.

    UCI Optical Recognition of Handwritten Digits, https://archive.ics.uci.edu/dataset/80, in scikit-learn's copy of
    1,797 images. A fixed, stratified fifth is kept for the test.
    """

    label: ClassVar[str] = "Tiny digits, 8 x 8"
    input_hint: ClassVar[str] = "a digit"
    drawable: ClassVar[bool] = True
    black_background: ClassVar[bool] = True
    name: Literal["digits"] = "digits"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            shape=(1, 8, 8),
            class_names=tuple("0123456789"),
            train_images=1797 - TEST_IMAGES,
            test_images=TEST_IMAGES,
            mean=(0.3053,),
            deviation=(0.3761,),
            train_counts=(142, 146, 142, 146, 145, 145, 145, 143, 139, 144),
            test_counts=(36, 36, 35, 37, 36, 37, 36, 36, 35, 36),
        )

    def sources(self, data_folder: Path) -> list[Path]:
        return []

    def decoder(self) -> str:
        return f"scikit-learn {version('scikit-learn')}"  # without importing it, which takes a second

    def load(self, data_folder: Path) -> ImageData:
        import torch

        values = _published()
        levels = (values[:, :-1] * (255 / 16)).round().astype("uint8")  # 0..16 -> 0..255
        images = torch.from_numpy(levels.reshape(-1, 1, 8, 8))
        labels = torch.from_numpy(values[:, -1]).long()
        train, test = map(torch.from_numpy, _split(values[:, -1].astype(int)))
        return ImageData(images[train], labels[train], images[test], labels[test])

    def preparation(self) -> Preparation:
        return Preparation("optdigits", "prepare_optdigits")

    def steps(self, image: Image.Image) -> list[tuple[str, np.ndarray]]:
        from core.images.ink import ink_steps

        return ink_steps(image)
