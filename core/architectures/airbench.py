"""Airbench: the network with which its author read 94 % of CIFAR-10 after seconds on a GPU.

Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv:2404.00498; KellerJordan/cifar10-airbench (MIT licence),
which descends from tysam-code/hlb-CIFAR10 and Page's ResNet-9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from core.architectures._base import ARCHITECTURES, Shape
from core.architectures._convolution import Channels, ConvolutionalSettings, channels_setting

if TYPE_CHECKING:
    import torch
    from torch import nn

EPSILON = 5e-4  # added to the patches' variances, so that what is almost constant is not blown up
NORM_MOMENTUM = 0.4  # a batch's part in the norms' statistics: a training has only a few hundred batches


@ARCHITECTURES.register
class Airbench(ConvolutionalSettings):
    """Learns small colour photos from few looks at each: made for trainings of seconds on a GPU.

    A first layer that the training pictures themselves give, which is not trained but for its bias, and groups of two
    convolutions that begin as if they let everything pass (arXiv:2404.00498).
    """

    label: ClassVar[str] = "Airbench"
    smallest_batch: ClassVar[int] = 2
    sample_pictures: ClassVar[int] = 5000
    name: Literal["airbench"] = "airbench"
    channels: Channels = channels_setting((64, 256, 256))
    """Filters of the two convolutions in each group, from the first to the last. Each group halves the picture."""

    def side_needed(self) -> int:
        return 2 ** len(self.channels) + 1  # the first layer takes a pixel

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from torch import nn

        inputs, height, width = shape
        outputs = 2 * inputs * 2 * 2  # each direction of a patch of 2 x 2 pixels, and its opposite
        whitening = nn.Conv2d(inputs, outputs, kernel_size=2)
        whitening.weight.requires_grad = False
        layers: list[nn.Module] = [whitening, nn.GELU()]
        inputs, height, width = outputs, height - 1, width - 1
        for outputs in self.channels:  # (N, inputs, H, W) -> (N, outputs, H//2, W//2)
            layers += [_convolution(inputs, outputs), nn.MaxPool2d(2), _norm(outputs), nn.GELU()]
            layers += [_convolution(outputs, outputs), _norm(outputs), nn.GELU()]
            inputs, height, width = outputs, height // 2, width // 2
        last = nn.Linear(inputs, classes, bias=False)
        nn.init.normal_(last.weight, std=1 / inputs)
        return nn.Sequential(*layers, nn.MaxPool2d((height, width)), nn.Flatten(), last)

    def look_at(self, model: nn.Module, inputs: torch.Tensor) -> None:
        """The first layer's filters become the directions of the patches of 2 x 2 pixels, each divided by how far patches
        spread along it, and their opposites: what comes out is white."""
        import torch

        patches = inputs.unfold(2, 2, 1).unfold(3, 2, 1)  # (N, C, H - 1, W - 1, 2, 2)
        patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, inputs.shape[1] * 4)
        variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (directions / (variances + EPSILON).sqrt()).T.view(-1, inputs.shape[1], 2, 2)
        with torch.no_grad():
            model[0].weight.copy_(torch.cat([filters, -filters]))  # type: ignore[index]

    def as_script(self) -> tuple[str, str]:
        return _FRESH, _LOOK.format(sample=self.sample_pictures, epsilon=EPSILON)


_FRESH = """\
for layer in network:
    if isinstance(layer, nn.BatchNorm2d):
        layer.weight.requires_grad_(False)
    if isinstance(layer, nn.Conv2d) and layer.bias is None:  # lets its inputs pass
        nn.init.dirac_(layer.weight.data[: layer.in_channels])
network[0].weight.requires_grad_(False)
nn.init.normal_(network[-1].weight, std=1 / network[-1].in_features)"""

_LOOK = """\
# The first layer: the directions of the pictures' patches of 2 x 2 pixels.
chosen = torch.linspace(0, len(train_images) - 1, min({sample}, len(train_images)))
patches = inputs_of(train_images[chosen.long()]).cpu().unfold(2, 2, 1).unfold(3, 2, 1)
patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * patches.shape[1])
variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
filters = (directions / (variances + {epsilon!r}).sqrt()).T
filters = filters.reshape(-1, *network[0].weight.shape[1:])
network[0].weight.data.copy_(torch.cat([filters, -filters]))"""


def _convolution(inputs: int, outputs: int) -> nn.Module:
    """3 x 3, that keeps the size; the first filters let one channel each pass as it is (arXiv:1706.00388)."""
    from torch import nn

    layer = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
    nn.init.dirac_(layer.weight.detach()[:inputs])
    return layer


def _norm(channels: int) -> nn.Module:
    """Batch norm without a scale of its own."""
    from torch import nn

    norm = nn.BatchNorm2d(channels, momentum=NORM_MOMENTUM)
    norm.weight.requires_grad = False
    return norm
