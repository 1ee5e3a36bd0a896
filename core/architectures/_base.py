"""What every architecture is: settings that build a network for any image shape and number of classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from core.registry import Registry
from core.settings import Settings

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, int, int]  # channels, height, width


class ArchitectureSettings(Settings):
    """Base of all architectures. Importing one must not import torch: `build` does that itself."""

    label: ClassVar[str]
    smallest_side: ClassVar[int] = 1  # pixels; smaller images cannot pass
    smallest_batch: ClassVar[int] = 1  # images; batch norm needs two to have a spread

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """A new network: float32 (N, *shape) -> logits (N, classes), with random weights."""
        raise NotImplementedError

    def load_initial_weights(self, model: nn.Module, weights_folder: Path) -> None:
        """Puts published weights into a network fresh from `build`, if the settings ask for them. Raises TrainDeskError."""

    def side_needed(self) -> int:
        """The smallest height and width, in pixels, of images this network takes."""
        return self.smallest_side


ARCHITECTURES: Registry[type[ArchitectureSettings]] = Registry("architecture")
