"""SimpleCNN: convolutions and pooling, then fully connected layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from core.architectures._base import ARCHITECTURES, Shape
from core.architectures._convolution import Channels, ConvolutionalSettings, Neurons, build_network, channels_setting
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class SimpleCNN(ConvolutionalSettings):
    """Small filters slide over the picture and find strokes and corners; a last layer combines them.

    Convolution 3x3, ReLU, max pooling for each entry of `channels`, then fully connected layers. Channels 16, 32 with
    one hidden layer of 128 is the tutorials' SimpleCNN; channels 32, 64 without hidden layer is the wide one. The
    tutorial writes 3 input channels, which do not fit MNIST's single one: here they follow the dataset.
    """

    label: ClassVar[str] = "SimpleCNN"
    name: Literal["simple_cnn"] = "simple_cnn"
    channels: Channels = channels_setting((16, 32))
    """Filters in each convolution, from the first to the last. Each is followed by pooling, which halves the picture."""
    hidden: Neurons = setting((128,), "Hidden layers", unit="neurons", max_length=4)
    """Neurons in each fully connected layer between the convolutions and the answer. Empty: none."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return build_network(shape, classes, self.channels, hidden=self.hidden)
