"""EfficientNet-B0: the most accurate of the networks for transfer learning here."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.architectures._backbone import BackboneSettings
from core.architectures._base import ARCHITECTURES


@ARCHITECTURES.register
class EfficientNetB0(BackboneSettings):
    """A deep network that is more accurate than ResNet18 with half of its weights, and slower to train.

    torchvision's EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946) with its last layer replaced. ImageNet weights: 20 MB.
    """

    label: ClassVar[str] = "EfficientNet-B0"
    network: ClassVar[str] = "efficientnet_b0"
    weights_name: ClassVar[str] = "efficientnet_b0_rwightman-7f5810bc.pth"
    weights_bytes: ClassVar[int] = 21_444_428
    last_block: ClassVar[str] = "features_7"
    name: Literal["efficientnet_b0"] = "efficientnet_b0"
