"""SimpleCNN: convolutions and pooling, then fully connected layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class SimpleCNN(ArchitectureSettings):
    """Small filters slide over the picture and find strokes and corners; a last layer combines them.

    Convolution 3x3, ReLU, max pooling for each entry of `channels`, then fully connected layers. Channels 16, 32 with
    one hidden layer of 128 is the tutorials' SimpleCNN; channels 32, 64 without hidden layer is the wide one. The
    tutorial writes 3 input channels, which do not fit MNIST's single one: here they follow the dataset.
    """

    label: ClassVar[str] = "SimpleCNN"
    name: Literal["simple_cnn"] = "simple_cnn"
    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = setting(
        (16, 32),
        "Channels",
        "Filters in each convolution, from the first to the last. Each is followed by pooling, which halves the picture.",
        unit="filters",
        min_length=1,
        max_length=5,
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = setting(
        (128,),
        "Hidden layers",
        "Neurons in each fully connected layer between the convolutions and the answer. Empty: none.",
        unit="neurons",
        max_length=4,
    )

    def side_needed(self) -> int:
        return 2 ** len(self.channels)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from torch import nn

        from core.architectures._convolution import block

        inputs, height, width = shape
        layers: list[nn.Module] = []
        for outputs in self.channels:
            layers += block(inputs, outputs)  # (N, inputs, H, W) -> (N, outputs, H//2, W//2)
            inputs, height, width = outputs, height // 2, width // 2
        layers.append(nn.Flatten())
        inputs = inputs * height * width
        for neurons in self.hidden:
            layers += [nn.Linear(inputs, neurons), nn.ReLU(inplace=True)]
            inputs = neurons
        return nn.Sequential(*layers, nn.Linear(inputs, classes))  # -> (N, classes)
