"""MNIST: 70,000 handwritten digits, 28 x 28 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from core.datasets import _torchvision
from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@DATASETS.register
class MNIST(DatasetSettings):
    """Digits written by pupils and office workers: the classic first dataset.

    LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist, through torchvision.
    """

    label: ClassVar[str] = "MNIST"
    input_hint: ClassVar[str] = "a digit"
    drawable: ClassVar[bool] = True
    black_background: ClassVar[bool] = True
    name: Literal["mnist"] = "mnist"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            shape=(1, 28, 28),
            class_names=tuple("0123456789"),
            train_images=60_000,
            test_images=10_000,
            mean=(0.1307,),
            deviation=(0.3081,),
            download_bytes=11_594_722,
        )

    def sources(self, data_folder: Path) -> list[Path]:
        return [data_folder / "MNIST" / "raw" / file for file in FILES]

    def download(self, data_folder: Path) -> None:
        _torchvision.download("MNIST", data_folder)

    def archives(self, data_folder: Path) -> list[Path]:
        return [data_folder / "MNIST" / "raw" / f"{file}.gz" for file in FILES]

    def load(self, data_folder: Path) -> ImageData:
        return _torchvision.load(self, "MNIST", data_folder)

    def prepare(self, image: Image.Image) -> np.ndarray:
        from core.images.ink import prepare_ink

        return prepare_ink(image)

    def steps(self, image: Image.Image) -> list[tuple[str, np.ndarray]]:
        from core.images.ink import ink_steps

        return ink_steps(image)
