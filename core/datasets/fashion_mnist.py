"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28 pixels."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from core.datasets import _torchvision
from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData, Preparation
from core.datasets._by_hand import laid_elsewhere
from core.datasets.mnist import FILES

if TYPE_CHECKING:
    pass


CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
MNIST_LABELS = bytes([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])  # the first of MNIST's, whose files have the same names


@DATASETS.register
class FashionMNIST(DatasetSettings):
    """Grey pictures of clothes, in MNIST's size and harder than digits.

    Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747, through torchvision.
    """

    label: ClassVar[str] = "Fashion-MNIST"
    input_hint: ClassVar[str] = "a piece of clothing"
    black_background: ClassVar[bool] = True
    name: Literal["fashion_mnist"] = "fashion_mnist"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            shape=(1, 28, 28),
            class_names=CLASSES,
            train_images=60_000,
            test_images=10_000,
            mean=(0.2860,),
            deviation=(0.3530,),
            download_bytes=30_878_645,
        )

    def sources(self, data_folder: Path) -> list[Path]:
        return [data_folder / "FashionMNIST" / "raw" / file for file in FILES]

    def laid_elsewhere(self, data_folder: Path) -> dict[Path, Path]:
        names = ("FashionMNIST", "fashion-mnist", "fashion_mnist", "Fashion-MNIST", ".")
        found = laid_elsewhere(self.sources(data_folder), [data_folder / name for name in names])
        return {} if any(_is_mnist(here) for here in found.values()) else found

    def download(self, data_folder: Path) -> None:
        _torchvision.download("FashionMNIST", data_folder)

    def archives(self, data_folder: Path) -> list[Path]:
        return [data_folder / "FashionMNIST" / "raw" / f"{file}.gz" for file in FILES]

    def load(self, data_folder: Path) -> ImageData:
        return _torchvision.load(self, "FashionMNIST", data_folder)

    def preparation(self) -> Preparation:
        return Preparation("photo", "prepare_clothing")


def _is_mnist(file: Path) -> bool:
    """Whether a file of training labels holds MNIST's."""
    if not file.name.startswith(FILES[1]):
        return False
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            return stream.read(8 + len(MNIST_LABELS))[8:] == MNIST_LABELS
    except (OSError, EOFError, zlib.error):
        return False
