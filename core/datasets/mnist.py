"""MNIST: 70,000 handwritten digits, 28 x 28 pixels. All of them come with the program, in `mnist_data`."""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from core.datasets._base import DATASETS, DatasetError, DatasetInfo, DatasetSettings, ImageData, Preparation

if TYPE_CHECKING:
    from PIL import Image

PACKED = Path(__file__).parent / "mnist_data" / "mnist.xz"  # `docs/pack_mnist.py` made it
TRAIN, TEST, SIDE = 60_000, 10_000, 28
PIXELS = (TRAIN + TEST) * SIDE * SIDE  # bytes; the labels follow, a byte each
PIXELS_SHA256 = "5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96"
LABELS_SHA256 = "671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27"
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@DATASETS.register
class MNIST(DatasetSettings):
    """Digits written by pupils and office workers: the classic first dataset.

    LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist. They come with the program.
    """

    label: ClassVar[str] = "MNIST"
    input_hint: ClassVar[str] = "a digit"
    drawable: ClassVar[bool] = True
    black_background: ClassVar[bool] = True
    name: Literal["mnist"] = "mnist"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            shape=(1, SIDE, SIDE),
            class_names=tuple("0123456789"),
            train_images=TRAIN,
            test_images=TEST,
            mean=(0.1307,),
            deviation=(0.3081,),
            train_counts=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
            test_counts=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        )

    def sources(self, data_folder: Path) -> list[Path]:
        """Nothing in the data folder is read; but what earlier versions decoded from the published files is found by them."""
        published = [data_folder / "MNIST" / "raw" / file for file in FILES]
        return published if all(file.is_file() for file in published) else []

    def load(self, data_folder: Path) -> ImageData:
        import torch

        pixels, labels = (torch.from_numpy(values) for values in all_digits())
        return ImageData(pixels[:TRAIN], labels[:TRAIN], pixels[TRAIN:], labels[TRAIN:])

    def preparation(self) -> Preparation:
        return Preparation("ink", "prepare_ink")

    def steps(self, image: Image.Image) -> list[tuple[str, np.ndarray]]:
        from core.images.ink import ink_steps

        return ink_steps(image)


def all_digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels, uint8 (70000, 1, 28, 28), white on black, and labels, int64 (70000,): those for training, then those for the
    test. Raises DatasetError."""
    try:
        content = checked(lzma.decompress(PACKED.read_bytes()))
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise DatasetError(
            f"The file of {MNIST.label} that comes with the program is missing or damaged ({PACKED}); install TrainDesk anew."
        ) from error
    pixels = np.frombuffer(content, np.uint8, PIXELS).reshape(-1, 1, SIDE, SIDE).copy()
    return pixels, np.frombuffer(content, np.uint8, offset=PIXELS).astype(np.int64)


def checked(content: bytes) -> bytes:
    """The same bytes, all pixels and then all labels. Raises ValueError unless they are MNIST's."""
    parts = ((content[:PIXELS], PIXELS_SHA256), (content[PIXELS:], LABELS_SHA256))
    if any(hashlib.sha256(part).hexdigest() != checksum for part, checksum in parts):
        raise ValueError("these bytes are not MNIST's")
    return content
