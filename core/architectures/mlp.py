"""MLP: every pixel connected to every neuron, layer after layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.architectures._convolution import Neurons, dropout_setting
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class MLP(ArchitectureSettings):
    """Every pixel is connected to every neuron, layer after layer. The classic first network.

    Multi-layer perceptron: fully connected layers with ReLU between them. With hidden layers 200, 200 on MNIST it is
    the 784-200-200-10 network of the PyTorch MNIST tutorials.
    """

    label: ClassVar[str] = "MLP"
    name: Literal["mlp"] = "mlp"
    hidden: Neurons = setting((200, 200), "Hidden layers", unit="neurons", max_length=8)
    """Neurons in each hidden layer, from the first to the last. More neurons can learn more and train slower."""
    dropout: float = dropout_setting(0.0, "neurons")

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from torch import nn

        channels, height, width = shape
        layers: list[nn.Module] = [nn.Flatten()]  # (N, C, H, W) -> (N, C*H*W)
        inputs = channels * height * width
        for neurons in self.hidden:
            layers += [nn.Linear(inputs, neurons), nn.ReLU(inplace=True)]
            if self.dropout:
                layers.append(nn.Dropout(self.dropout))
            inputs = neurons
        return nn.Sequential(*layers, nn.Linear(inputs, classes))  # -> (N, classes)
