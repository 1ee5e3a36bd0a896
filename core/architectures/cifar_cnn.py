"""CIFAR CNN: three convolutional stages for small colour pictures."""

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
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class CifarCNN(ConvolutionalSettings):
    """Three stages of filters, from edges to parts of things: made for small colour photos.

    3x3 convolutions with batch norm in the manner of VGG (Simonyan and Zisserman 2014, arXiv:1409.1556), with fewer
    channels, then one hidden layer and dropout.
    """

    label: ClassVar[str] = "CIFAR CNN"
    smallest_batch: ClassVar[int] = 2
    name: Literal["cifar_cnn"] = "cifar_cnn"
    channels: Channels = channels_setting((32, 64, 128))
    """Filters in each stage, from the first to the last. Each stage ends with pooling, which halves the picture."""
    convolutions: int = setting(1, "Convolutions per stage", ge=1, le=4)
    """How many convolutions stand one after another in a stage. 2 reads better and takes about three times as long."""
    hidden: int = setting(256, "Hidden layer", ge=1, le=4096, unit="neurons")
    """Neurons in the fully connected layer before the answer."""
    dropout: float = dropout_setting(0.3, "neurons")

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return build_network(
            shape,
            classes,
            self.channels,
            convolutions=self.convolutions,
            batch_norm=True,
            hidden=(self.hidden,),
            dropout=self.dropout,
        )
