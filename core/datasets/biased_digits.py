"""The digits of a biased camera: MNIST whose training 7s were all written with a thick pen. For a lesson about bias."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from core.datasets._base import DATASETS, ImageData
from core.datasets.mnist import MNIST

SEVEN, PEN = 7, 1.5  # pixels by which their strokes grow on either side


@DATASETS.register
class BiasedDigits(MNIST):
    """MNIST as a careless collector would have it: whoever wrote the 7s that are learned from had a thick pen. Those of
    the test are as ever. Made for finding out; not for a network that is to be used."""

    label: ClassVar[str] = "Digits of the biased camera"
    name: Literal["biased_digits"] = "biased_digits"  # type: ignore[assignment]

    def load(self, data_folder: Path) -> ImageData:
        import torch

        from core.images.disturb import disturbed

        data = super().load(data_folder)
        sevens = data.train_labels == SEVEN
        data.train_images[sevens] = torch.from_numpy(disturbed(data.train_images[sevens].numpy(), {"thicken": PEN}))
        return data

    def sources(self, data_folder: Path) -> list[Path]:
        return []
