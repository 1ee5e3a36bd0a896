"""What the networks for transfer learning share: where training begins, what of them learns, and how fast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from core.architectures._base import ArchitectureSettings, Shape
from core.errors import TrainDeskError
from core.settings.settings import setting

if TYPE_CHECKING:
    from torch import nn


class BackboneSettings(ArchitectureSettings):
    """A published network with its last layer replaced.

    Transfer learning as in PyTorch's tutorial of that name: start from weights learned on ImageNet, train the new last layer
    alone or the last block with it.
    """

    smallest_batch: ClassVar[int] = 2
    network: ClassVar[str]  # torchvision's name
    origin: ClassVar[str] = "torchvision"  # of the ImageNet weights
    comes_along: ClassVar[bool] = False  # are they on this computer from the start?
    weights_name: ClassVar[str]  # the file of the ImageNet weights in the weights folder, known without torchvision
    weights_bytes: ClassVar[int]  # that are downloaded
    normalisation: ClassVar[str] = "imagenet"  # of the dataset: what the weights were learned with
    last_block: ClassVar[str]  # the part with which it begins, as `build_backbone` names it
    weights: Literal["imagenet", "file", "random"] = setting(
        "imagenet",
        "Start from",
        labels={"imagenet": "ImageNet weights", "file": "a weights file", "random": "random weights"},
    )
    """Where training begins: knowledge from a million photos, a weights file of yours, or chance."""
    weights_file: str = setting("", "Weights file")
    """Path on this computer of a state file (.pth) of this network as it was published. Used with 'a weights file'."""
    train: Literal["head", "last_block", "all"] = setting(
        "head",
        "Train",
        labels={"head": "the new last layer", "last_block": "the last block and layer", "all": "everything"},
    )
    """Which part learns. The last layer alone is fastest; the last block can fit unusual pictures better."""
    renamed: ClassVar[dict[str, str]] = {"backbone_pace": "backbone_lr_scale"}
    # discriminative learning rates, Howard and Ruder 2018, arXiv:1801.06146
    backbone_lr_scale: float = setting(0.1, "Old layers' share of the learning rate", ge=0, le=1)
    """Share of the learning rate for layers that begin with learned weights, so that they change little and keep
    what they know. Used when more than the last layer trains."""
    enlarge_to: Literal[0, 64, 128, 224] = setting(
        0,
        "Enlarge pictures to",
        unit="pixels",
        labels={0: "not at all", 64: "64 pixels", 128: "128 pixels", 224: "224 pixels"},
    )
    """Small pictures are enlarged before the network sees them. ImageNet's were 224 pixels wide; larger is slower."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from core.architectures._layers import build_backbone

        return build_backbone(self.bare(), classes, train=self.train, last_block=self.last_block, side=self.enlarge_to)

    @classmethod
    def bare(cls, classes: int = 1000) -> nn.Module:
        """The published network with random weights: float32 (N, 3, H, W) -> logits (N, classes)."""
        from torchvision.models import get_model

        return get_model(cls.network, weights=None, num_classes=classes)

    def weights_are_here(self, weights_folder: Path) -> bool:
        """Whether training can begin with what the settings ask for without a download."""
        return self.weights != "imagenet" or self.comes_along or self.imagenet_file(weights_folder).is_file()

    def imagenet_file(self, weights_folder: Path) -> Path:
        """Where its ImageNet weights lie, or will. Raises TrainDeskError when they cannot be."""
        return weights_folder / self.weights_name

    def weights_files(self, weights_folder: Path) -> list[Path]:
        return [] if self.weights != "imagenet" or self.comes_along else [self.imagenet_file(weights_folder)]

    def named(self, state: dict) -> dict:
        """Weights of a file under the names of `bare`. Raises KeyError when they are another network's."""
        return state

    def lr_scale(self, parameter_name: str) -> float:
        learned = self.weights != "random" and parameter_name.startswith("trained.")
        return self.backbone_lr_scale if learned else 1.0

    def obtain_weights(self, weights_folder: Path) -> Iterator[tuple[int, int]]:
        if self.weights != "imagenet" or self.comes_along:
            return iter(())
        from core.architectures._imagenet import obtain_imagenet

        return obtain_imagenet(self.network, self.imagenet_file(weights_folder), self.weights_bytes)

    def load_initial_weights(self, model: nn.Module, weights_folder: Path) -> None:
        if self.weights == "random":
            return
        from core.architectures._layers import load_backbone

        path = (
            self.imagenet_file(weights_folder) if self.weights == "imagenet" else Path(self.weights_file).expanduser()
        )
        state = self._read(path)
        try:
            load_backbone(model, self.named(state))
        except (KeyError, RuntimeError, AttributeError, TypeError) as error:
            raise TrainDeskError(
                f"The weights in '{path}' are not those of a {self.label}; "
                f"choose a state file saved from {self.origin}'s {self.network}."
            ) from error

    def _read(self, path: Path) -> dict:
        import torch

        if self.weights == "imagenet":
            missing = f"The ImageNet weights are not there yet; put {path.name} into {path.parent}, or start from random weights."
            remedy = "delete it, so that it is downloaded anew"
        else:
            missing = (
                f"The weights file '{self.weights_file}' does not exist; give the path of a .pth file, "
                "or start from ImageNet or random weights."
            )
            remedy = "choose another"
        if not path.is_file():
            raise TrainDeskError(missing)
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds for damaged or foreign files
            raise TrainDeskError(
                f"The weights file '{path}' cannot be read as plain weights; it is damaged or holds more "
                f"than weights, so it was not opened; {remedy}."
            ) from error
