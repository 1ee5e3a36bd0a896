"""ResNet18: transfer learning from ImageNet, or training from scratch."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.architectures._backbone import BackboneSettings
from core.architectures._base import ARCHITECTURES


@ARCHITECTURES.register
class ResNet18(BackboneSettings):
    """A deep network, best started from what it learned on a million photos (transfer learning).

    torchvision's ResNet18 (He et al. 2015, arXiv:1512.03385) with its last layer replaced. ImageNet weights: 45 MB.
    """

    label: ClassVar[str] = "ResNet18"
    network: ClassVar[str] = "resnet18"
    weights_name: ClassVar[str] = "resnet18-f37072fd.pth"
    weights_bytes: ClassVar[int] = 46_830_453
    last_block: ClassVar[str] = "layer4"
    name: Literal["resnet18"] = "resnet18"
