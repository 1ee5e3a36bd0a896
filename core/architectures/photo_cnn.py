"""PhotoCNN: stages of two convolutions for photographs, with an average over the whole picture in place of a hidden layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class PhotoCNN(ArchitectureSettings):
    """Learns photographs from scratch: two convolutions with batch norm a stage, which see ever larger parts of the picture.

    VGG's stages (Simonyan and Zisserman 2014, arXiv:1409.1556) with batch norm and, as in Network in Network (Lin et al. 2013,
    arXiv:1312.4400), the average over all places in place of a hidden layer: any size of picture fits, and little is learned
    by heart.
    """

    label: ClassVar[str] = "PhotoCNN"
    smallest_batch: ClassVar[int] = 2
    name: Literal["photo_cnn"] = "photo_cnn"
    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = setting(
        (32, 64, 128),
        "Channels",
        "Filters in each stage, from the first to the last. Each stage ends with pooling, which halves the picture.",
        unit="filters",
        min_length=1,
        max_length=6,
    )
    dropout: float = setting(
        0.2,
        "Dropout",
        "Share of features silenced at random in each training step, against memorising. 0 switches it off.",
        ge=0,
        le=0.9,
    )

    def side_needed(self) -> int:
        return 2 ** len(self.channels)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from torch import nn

        from core.architectures._convolution import block

        inputs = shape[0]
        layers: list[nn.Module] = []
        for outputs in self.channels:  # (N, inputs, H, W) -> (N, outputs, H//2, W//2)
            layers += block(inputs, outputs, convolutions=2, batch_norm=True)
            inputs = outputs
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(self.dropout), nn.Linear(inputs, classes)]
        return nn.Sequential(*layers, *head)  # -> (N, classes)
