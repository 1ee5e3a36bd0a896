"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from core.datasets import _torchvision
from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData
from core.datasets.mnist import FILES

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


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
            class_names=(
                "T-shirt",
                "trousers",
                "pullover",
                "dress",
                "coat",
                "sandal",
                "shirt",
                "sneaker",
                "bag",
                "ankle boot",
            ),  # fmt: skip
            train_images=60_000,
            test_images=10_000,
            mean=(0.2860,),
            deviation=(0.3530,),
            download_bytes=30_878_645,
        )

    def sources(self, data_folder: Path) -> list[Path]:
        return [data_folder / "FashionMNIST" / "raw" / file for file in FILES]

    def download(self, data_folder: Path) -> None:
        _torchvision.download("FashionMNIST", data_folder)

    def archives(self, data_folder: Path) -> list[Path]:
        return [data_folder / "FashionMNIST" / "raw" / f"{file}.gz" for file in FILES]

    def load(self, data_folder: Path) -> ImageData:
        return _torchvision.load(self, "FashionMNIST", data_folder)

    def prepare(self, image: Image.Image) -> np.ndarray:
        from core.images.photo import prepare_clothing

        return prepare_clothing(image)
