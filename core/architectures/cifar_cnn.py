"""CIFAR CNN: three convolutional stages for small colour pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class CifarCNN(ArchitectureSettings):
    """Three stages of filters, from edges to parts of things: made for small colour photos.

    3x3 convolutions with batch norm in the manner of VGG (Simonyan and Zisserman 2014, arXiv:1409.1556), with fewer
    channels, then one hidden layer and dropout.
    """

    label: ClassVar[str] = "CIFAR CNN"
    smallest_batch: ClassVar[int] = 2
    name: Literal["cifar_cnn"] = "cifar_cnn"
    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = setting(
        (32, 64, 128),
        "Channels",
        "Filters in each stage, from the first to the last. Each stage ends with pooling, which halves the picture.",
        unit="filters",
        min_length=1,
        max_length=5,
    )
    convolutions: int = setting(
        1,
        "Convolutions per stage",
        "How many convolutions stand one after another in a stage. 2 reads better and takes about three times as long.",
        ge=1,
        le=4,
    )
    hidden: int = setting(
        256,
        "Hidden layer",
        "Neurons in the fully connected layer before the answer.",
        ge=1,
        le=4096,
        unit="neurons",
    )
    dropout: float = setting(
        0.3,
        "Dropout",
        "Share of neurons silenced at random in each training step, against memorising. 0 switches it off.",
        ge=0,
        le=0.9,
    )

    def side_needed(self) -> int:
        return 2 ** len(self.channels)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from torch import nn

        from core.architectures._convolution import block

        inputs, height, width = shape
        layers: list[nn.Module] = []
        for outputs in self.channels:  # (N, inputs, H, W) -> (N, outputs, H//2, W//2)
            layers += block(inputs, outputs, convolutions=self.convolutions, batch_norm=True)
            inputs, height, width = outputs, height // 2, width // 2
        layers += [nn.Flatten(), nn.Linear(inputs * height * width, self.hidden), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, nn.Dropout(self.dropout), nn.Linear(self.hidden, classes))  # -> (N, classes)
