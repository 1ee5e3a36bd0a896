"""ImprovedCNN: SimpleCNN wide with batch norm and dropout."""

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
class ImprovedCNN(ConvolutionalSettings):
    """SimpleCNN with two helpers: batch norm steadies the learning, dropout works against memorising.

    Batch norm after each convolution, dropout before the answer. Batch norm: Ioffe and Szegedy 2015,
    arXiv:1502.03167. Dropout: Srivastava et al. 2014, JMLR 15.
    """

    label: ClassVar[str] = "ImprovedCNN"
    smallest_batch: ClassVar[int] = 2
    name: Literal["improved_cnn"] = "improved_cnn"
    channels: Channels = channels_setting((32, 64))
    """Filters in each convolution, from the first to the last. Each is followed by batch norm and pooling."""
    dropout: float = dropout_setting(0.5, "features")

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return build_network(shape, classes, self.channels, batch_norm=True, dropout=self.dropout)
