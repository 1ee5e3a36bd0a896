"""CIFAR-10: 60,000 colour photos of ten kinds of things, 32 x 32 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from core.datasets import _torchvision
from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData, Preparation
from core.datasets._by_hand import laid_elsewhere

if TYPE_CHECKING:
    pass

FILES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch", "batches.meta")


@DATASETS.register
class CIFAR10(DatasetSettings):
    """Small colour photos of animals and vehicles.

    Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html, through torchvision.
    """

    label: ClassVar[str] = "CIFAR-10"
    input_hint: ClassVar[str] = "a photo of an animal or a vehicle"
    name: Literal["cifar10"] = "cifar10"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            shape=(3, 32, 32),
            class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            train_images=50_000,
            test_images=10_000,
            mean=(0.4914, 0.4822, 0.4465),
            deviation=(0.2470, 0.2435, 0.2616),
            download_bytes=170_498_071,
        )

    def sources(self, data_folder: Path) -> list[Path]:
        return [data_folder / "cifar-10-batches-py" / file for file in FILES]

    def laid_elsewhere(self, data_folder: Path) -> dict[Path, Path]:
        outer = [data_folder / name for name in (".", "CIFAR10", "cifar10", "CIFAR-10", "cifar-10")]
        folders = [*outer, *(folder / "cifar-10-batches-py" for folder in outer)]
        return laid_elsewhere(self.sources(data_folder), folders, archive="cifar-10-python.tar.gz")

    def download(self, data_folder: Path) -> None:
        _torchvision.download("CIFAR10", data_folder)

    def archives(self, data_folder: Path) -> list[Path]:
        return [data_folder / "cifar-10-python.tar.gz"]

    def load(self, data_folder: Path) -> ImageData:
        return _torchvision.load(self, "CIFAR10", data_folder)

    def preparation(self) -> Preparation:
        channels, height, width = self.info().shape
        return Preparation("photo", "prepare_photo", {"channels": channels, "size": (height, width)})
