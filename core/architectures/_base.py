"""What every architecture is: settings that build a network for any image shape and number of classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from core.settings.registry import Registry
from core.settings.settings import Settings

if TYPE_CHECKING:
    import torch
    from torch import nn

Shape = tuple[int, int, int]  # channels, height, width


class ArchitectureSettings(Settings):
    """Base of all architectures. Importing one must not import torch: `build` does that itself."""

    label: ClassVar[str]
    if TYPE_CHECKING:
        name: str  # a Literal with a default in each of them
    smallest_batch: ClassVar[int] = 1  # images; batch norm needs two to have a spread
    sample_pictures: ClassVar[int] = 0  # training pictures, at most, that a fresh network is to `look_at`

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """A new network: float32 (N, *shape) -> logits (N, classes), with random weights."""
        raise NotImplementedError

    def obtain_weights(self, weights_folder: Path) -> Iterator[tuple[int, int]]:
        """Downloads the published weights that the settings ask for, if the folder lacks them.

        Yields (bytes so far, bytes in all) a few times a second; nothing if all is there. Raises TrainDeskError.
        """
        return iter(())

    def load_initial_weights(self, model: nn.Module, weights_folder: Path) -> None:
        """Puts the weights the settings ask for into a network fresh from `build`, reading from disk what
        `obtain_weights` brought there. Raises TrainDeskError."""

    def weights_files(self, weights_folder: Path) -> list[Path]:
        """The files in that folder that `load_initial_weights` reads, be they there yet or not. Raises TrainDeskError."""
        return []

    def look_at(self, model: nn.Module, inputs: torch.Tensor) -> None:
        """Fits what is not trained, in a network fresh from `build`, to training pictures as the network gets them: float32
        (n, C, H, W) on the CPU. Called once, before the training begins; the network's state keeps what comes of it."""

    def as_script(self) -> tuple[str, str]:
        """What a script must add that makes `network` of torch's own layers, as Python: to begin as after `build`, and as after
        `look_at`, where `train_images` are at hand and `inputs_of` makes inputs of some."""
        return "", ""

    def lr_scale(self, parameter_name: str) -> float:
        """Share of the learning rate, 0..1, with which one of the network's parameters trains."""
        return 1.0

    def side_needed(self) -> int:
        """The smallest height and width, in pixels, of images this network takes."""
        return 1


ARCHITECTURES: Registry[type[ArchitectureSettings]] = Registry("architecture", "simple_cnn")
