"""ResNet18: transfer learning from ImageNet, or training from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from core.architectures._base import ARCHITECTURES, ArchitectureSettings, Shape
from core.errors import TrainDeskError
from core.settings import setting

if TYPE_CHECKING:
    from torch import nn


@ARCHITECTURES.register
class ResNet18(ArchitectureSettings):
    """A deep network, best started from what it learned on a million photos (transfer learning).

    torchvision's ResNet18 (He et al. 2015, arXiv:1512.03385) with its last layer replaced. Transfer learning as in
    PyTorch's tutorial of that name: start from weights learned on ImageNet, train the new last layer alone or the
    last block with it.
    """

    label: ClassVar[str] = "ResNet18"
    smallest_batch: ClassVar[int] = 2
    name: Literal["resnet18"] = "resnet18"
    weights: Literal["imagenet", "file", "random"] = setting(
        "imagenet",
        "Start from",
        "Where training begins: knowledge from a million photos (downloaded once, 45 MB), a weights file of yours, or chance.",
        labels={"imagenet": "ImageNet weights", "file": "a weights file", "random": "random weights"},
    )
    weights_file: str = setting(
        "",
        "Weights file",
        "Path on this computer of a ResNet18 state file (.pth) in torchvision's form. Used with 'a weights file'.",
    )
    train: Literal["head", "last_block", "all"] = setting(
        "head",
        "Train",
        "Which part learns. The last layer alone is fastest; the last block can fit unusual pictures better.",
        labels={"head": "the new last layer", "last_block": "the last block and layer", "all": "everything"},
    )
    enlarge_to: Literal[0, 64, 128, 224] = setting(
        0,
        "Enlarge pictures to",
        "Small pictures are enlarged before the network sees them. ImageNet's were 224 pixels wide; larger is slower.",
        unit="pixels",
        labels={0: "not at all", 64: "64 pixels", 128: "128 pixels", 224: "224 pixels"},
    )

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from core.architectures._resnet import build_resnet18

        return build_resnet18(classes, train=self.train, side=self.enlarge_to)

    def load_initial_weights(self, model: nn.Module, weights_folder: Path) -> None:
        if self.weights == "random":
            return
        from core.architectures._resnet import load_backbone

        state = self._from_file() if self.weights == "file" else self._from_internet(weights_folder)
        try:
            load_backbone(model, state)
        except (KeyError, RuntimeError, AttributeError, TypeError) as error:
            raise TrainDeskError(
                f"The weights in '{self.weights_file or 'the downloaded file'}' are not those of a ResNet18; "
                "choose a state file saved from torchvision's resnet18."
            ) from error

    def _from_file(self) -> dict:
        import torch

        path = Path(self.weights_file).expanduser()
        if not self.weights_file or not path.is_file():
            raise TrainDeskError(
                f"The weights file '{self.weights_file}' does not exist; give the path of a .pth file, "
                "or start from ImageNet or random weights."
            )
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds for damaged or foreign files
            raise TrainDeskError(
                f"The weights file '{self.weights_file}' cannot be read as plain weights; it is damaged or holds more "
                "than weights, so it was not opened."
            ) from error

    def _from_internet(self, weights_folder: Path) -> dict:
        from torch.hub import load_state_dict_from_url
        from torchvision.models import ResNet18_Weights

        url = ResNet18_Weights.IMAGENET1K_V1.url
        try:
            return load_state_dict_from_url(
                url, model_dir=str(weights_folder), map_location="cpu", check_hash=True, weights_only=True
            )
        except Exception as error:  # no connection, proxy, damaged download, full disk
            raise TrainDeskError(
                f"The ImageNet weights could not be downloaded ({str(error)[:80]}); connect to the internet once, put "
                f"{url.rsplit('/', 1)[1]} into {weights_folder}, or start from random weights."
            ) from error
