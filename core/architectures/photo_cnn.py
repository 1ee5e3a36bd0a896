"""PhotoCNN: stages of two convolutions for photographs, with an average over the whole picture in place of a hidden layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from core.architectures._base import ARCHITECTURES, Shape
from core.architectures._convolution import (
    Channels,
    ConvolutionalSettings,
    build_network,
    channels_setting,
    dropout_setting,
)

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class PhotoCNN(ConvolutionalSettings):
    """Learns photographs from scratch: two convolutions with batch norm a stage, which see ever larger parts of the picture.

    VGG's stages (Simonyan and Zisserman 2014, arXiv:1409.1556) with batch norm and, as in Network in Network (Lin et al. 2013,
    arXiv:1312.4400), the average over all places in place of a hidden layer: any size of picture fits, and little is learned
    by heart.
    """

    label: ClassVar[str] = "PhotoCNN"
    smallest_batch: ClassVar[int] = 2
    name: Literal["photo_cnn"] = "photo_cnn"
    channels: Channels = channels_setting((32, 64, 128), most=6)
    """Filters in each stage, from the first to the last. Each stage ends with pooling, which halves the picture."""
    dropout: float = dropout_setting(0.2, "features")

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return build_network(
            shape, classes, self.channels, convolutions=2, batch_norm=True, averaged=True, dropout=self.dropout
        )
