"""ImprovedCNN: SimpleCNN wide with batch norm and dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class ImprovedCNN(ArchitectureSettings):
    """SimpleCNN with two helpers: batch norm steadies the learning, dropout works against memorising.

    Batch norm after each convolution, dropout before the answer. Batch norm: Ioffe and Szegedy 2015,
    arXiv:1502.03167. Dropout: Srivastava et al. 2014, JMLR 15.
    """

    label: ClassVar[str] = "ImprovedCNN"
    smallest_batch: ClassVar[int] = 2
    name: Literal["improved_cnn"] = "improved_cnn"
    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = setting(
        (32, 64),
        "Channels",
        "Filters in each convolution, from the first to the last. Each is followed by batch norm and pooling.",
        unit="filters",
        min_length=1,
        max_length=5,
    )
    dropout: float = setting(
        0.5,
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

        inputs, height, width = shape
        layers: list[nn.Module] = []
        for outputs in self.channels:
            layers += block(inputs, outputs, batch_norm=True)  # (N, inputs, H, W) -> (N, outputs, H//2, W//2)
            inputs, height, width = outputs, height // 2, width // 2
        head = [nn.Flatten(), nn.Dropout(self.dropout), nn.Linear(inputs * height * width, classes)]
        return nn.Sequential(*layers, *head)  # -> (N, classes)
