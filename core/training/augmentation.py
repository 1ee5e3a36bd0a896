"""Augmentation: random changes to a whole batch on its device, so that a network learns what does not matter."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pydantic import model_validator

from core.settings.settings import Settings, setting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

DRAWS = 14  # random numbers per image: always all of them, so that one change added leaves the others as they were


class Augmentation(Settings):
    """Random changes, drawn anew for every image in every epoch. All zero and off: images stay as they are."""

    flip: bool = setting(False, "Mirror")
    """Mirrors half of the pictures left to right. Good for photos, wrong for digits and letters."""
    alternate: bool = setting(False, "Mirror in turn")
    """Mirrors half of the pictures left to right in one epoch and the other half in the next, so that every picture is seen
    both ways in two epochs. In place of Mirror, for trainings of few epochs."""
    crop: int = setting(0, "Crop", ge=0, le=32, unit="pixels")
    """Adds a margin of this width and cuts a window of the old size from a random place. Good for photos."""
    shift: float = setting(0.0, "Shift", ge=0, le=0.5)
    """Moves each picture at random by up to this share of its size."""
    rotation: float = setting(0.0, "Rotation", ge=0, le=180, unit="degrees")
    """Turns each picture at random by up to this angle."""
    scale: float = setting(0.0, "Scale", ge=0, le=0.5)
    """Enlarges or shrinks each picture at random by up to this share."""
    stretch: float = setting(0.0, "Stretch", ge=0, le=0.5)
    """Makes each picture taller or flatter at random by up to this share."""
    shear: float = setting(0.0, "Shear", ge=0, le=1)
    """Slants each picture at random by up to this share of its height, like italic writing."""
    brightness: float = setting(0.0, "Brightness", ge=0, le=0.9)
    """Makes each picture brighter or darker at random by up to this share. Black stays black."""
    contrast: float = setting(0.0, "Contrast", ge=0, le=0.9)
    """Moves light and dark further apart or closer together at random by up to this share."""
    gamma: float = setting(0.0, "Gamma", ge=0, le=4)
    """Makes middle tones lighter or darker at random, and pen strokes thicker or thinner. Black and white stay. The
    power is between 1 / (1 + this) and 1 + this."""
    cutout: float = setting(0.0, "Cutout", ge=0, le=0.75)
    """Blanks a square at a random place, so that no single detail is relied on: its side as a share of the
    picture's."""
    mixup: float = setting(0.0, "MixUp", ge=0, le=2)
    """Blends each picture with another and asks for both classes in the same shares. Larger blends more; 0.2 is
    usual, 0 is off."""

    @model_validator(mode="after")
    def _mirrors_in_one_way(self) -> Augmentation:
        if self.flip and self.alternate:
            raise ValueError("Mirror and Mirror in turn are both on; switch one of them off.")
        return self

    def is_on(self) -> bool:
        """Whether `apply` changes anything."""
        return self.alternate or self.is_random()

    def is_random(self) -> bool:
        """Whether `apply` draws how it changes the pictures."""
        changes = (self.flip, self.crop, self.brightness, self.contrast, self.gamma, self.cutout)
        return self._moves() or any(changes)

    def mixes(self) -> bool:
        """Whether `mix` changes anything."""
        return self.mixup > 0

    def _moves(self) -> bool:
        return bool(self.shift or self.rotation or self.scale or self.stretch or self.shear)

    def turned(self, count: int, seed: int, epoch: int) -> Tensor | None:
        """Which of so many training images are mirrored in an epoch, from 0, where they are mirrored in turn: bool (count,) on
        the CPU, the opposite of the epoch before (Jordan 2024, arXiv:2404.00498, section 3.6). Made from the seed alone."""
        import torch

        if not self.alternate:
            return None
        first = torch.rand(count, generator=torch.Generator().manual_seed(seed)) < 0.5
        return first ^ bool(epoch % 2)

    def apply(
        self,
        images: Tensor,
        generator: torch.Generator,
        fill: Tensor | None = None,
        turned: Tensor | None = None,
    ) -> Tensor:
        """Changed pictures of the same shape and memory layout, float (N, C, H, W); those given are not touched.

        What comes in from beyond the edge has the values `fill` (C,), the network's input for black; without it the
        edge is repeated, or mirrored by a crop. `turned` (N,) bool on the CPU says which images are mirrored in turn; without
        it chance does. A crop adds at most half the picture's side. The generator is a CPU one,
        and its numbers go to the images' device at once.
        """
        import torch

        from core.training import transforms

        count, _, height, width = images.shape
        chance = torch.rand((DRAWS, count), generator=generator)  # (14, N) in 0..1
        flips = self.flip or self.alternate
        if turned is not None:
            chance[2] = (~turned).float()  # below 0.5: mirrored
        mirrored = _onto(images.device, (chance[2] < 0.5).nonzero().flatten()) if flips and not self._moves() else None
        chance = _onto(images.device, chance)
        pixels = images.permute(0, 2, 3, 1).contiguous()  # (N, H, W, C)
        if self._moves():
            most = transforms.Affine(self.shift, self.rotation, self.scale, self.stretch, self.shear, flips)
            pixels = transforms.affine(pixels, most, chance[:7], fill)
        if self.crop:
            pad = min(self.crop, height // 2, width // 2)
            top, left = (chance[7:9] * (2 * pad + 1)).long()
            pixels = transforms.random_crop(pixels, pad, top, left, fill)
        if mirrored is not None:
            pixels = pixels if self.crop else pixels.clone()
            transforms.mirror(pixels, mirrored)
        if self.brightness or self.contrast:
            light, contrast = 1 + (chance[9] * 2 - 1) * self.brightness, 1 + (chance[10] * 2 - 1) * self.contrast
            pixels = transforms.brightness_contrast(pixels, light, contrast, fill)
        if self.gamma:
            pixels = transforms.gamma(pixels, (1 + self.gamma) ** (chance[13] * 2 - 1), fill)
        if self.cutout:
            side = max(1, round(self.cutout * min(height, width)))
            top, left = (chance[11] * (height - side + 1)).long(), (chance[12] * (width - side + 1)).long()
            pixels = transforms.cutout(pixels, side, top, left, fill)
        changed = pixels.permute(0, 3, 1, 2)  # (N, C, H, W), channels last
        return changed if images.is_contiguous(memory_format=torch.channels_last) else changed.contiguous()

    def mix(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, float]:
        """Each picture blended with another of the batch: MixUp, arXiv:1710.09412.

        images float (N, C, H, W) or features (N, F), labels (N,) -> blended images, the other picture's labels (N,), and
        the share 0.5..1 of the picture itself, one for the whole batch. The loss is share * loss(labels) + (1 - share) *
        loss(other labels).
        """
        import torch

        seed = int(torch.randint(2**62, (), generator=generator))
        share = random.Random(seed).betavariate(self.mixup, self.mixup)  # torch's own Beta takes no generator
        share = max(share, 1 - share)
        order = _onto(images.device, torch.randperm(len(images), generator=generator))
        other = images.movedim(1, -1).index_select(0, order).movedim(-1, 1)  # images stay channels last
        return images.lerp(other, 1 - share), labels.index_select(0, order), share


def _onto(device: torch.device, drawn: Tensor) -> Tensor:
    """Numbers drawn on the CPU, on the device. From ordinary memory the copy would wait until a GPU has nothing left to do."""
    return drawn.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else drawn.to(device)
