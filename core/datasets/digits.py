"""Handwritten digits of 8 x 8 pixels that come with scikit-learn: so small that every pixel can be looked at."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from core.datasets._base import DATASETS, DatasetInfo, DatasetSettings, ImageData, Preparation

if TYPE_CHECKING:
    from PIL import Image

TEST_IMAGES = 360  # one in five


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
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        bundle = load_digits()
        levels = (bundle.images * (255 / 16)).round().astype("uint8")  # 0..16 -> 0..255
        images = torch.from_numpy(levels).unsqueeze(1)  # (1797, 1, 8, 8)
        labels = torch.from_numpy(bundle.target).long()
        train, test = train_test_split(
            range(len(labels)), test_size=TEST_IMAGES, stratify=bundle.target, random_state=0
        )
        return ImageData(images[train], labels[train], images[test], labels[test])

    def preparation(self) -> Preparation:
        return Preparation("optdigits", "prepare_optdigits")

    def steps(self, image: Image.Image) -> list[tuple[str, np.ndarray]]:
        from core.images.ink import ink_steps

        return ink_steps(image)
