"""MobileNetV3 small: transfer learning where speed and size count."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.architectures._backbone import BackboneSettings
from core.architectures._base import ARCHITECTURES


@ARCHITECTURES.register
class MobileNetV3Small(BackboneSettings):
    """A deep network made for phones: small, quick, and nearly as good as larger ones at telling photos apart.

    torchvision's MobileNetV3 small (Howard et al. 2019, arXiv:1905.02244) with its last layer replaced. ImageNet weights:
    10 MB.
    """

    label: ClassVar[str] = "MobileNetV3 small"
    network: ClassVar[str] = "mobilenet_v3_small"
    weights_name: ClassVar[str] = "mobilenet_v3_small-047dcff4.pth"
    weights_bytes: ClassVar[int] = 10_306_454
    last_block: ClassVar[str] = "features_11"
    name: Literal["mobilenet_v3_small"] = "mobilenet_v3_small"
