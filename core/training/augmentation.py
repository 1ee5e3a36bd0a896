"""Augmentation: random changes to a whole batch on its device, so that a network learns what does not matter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.settings import Settings, setting

if TYPE_CHECKING:
    import torch


class Augmentation(Settings):
    """Random geometry, drawn anew for every image in every epoch. All zero and off: images stay as they are."""

    shift: float = setting(0.0, "Shift", "Moves each picture at random by up to this share of its size.", ge=0, le=0.5)
    rotation: float = setting(
        0.0, "Rotation", "Turns each picture at random by up to this angle.", ge=0, le=180, unit="degrees"
    )
    scale: float = setting(
        0.0, "Scale", "Enlarges or shrinks each picture at random by up to this share.", ge=0, le=0.5
    )
    stretch: float = setting(
        0.0, "Stretch", "Makes each picture taller or flatter at random by up to this share.", ge=0, le=0.5
    )
    shear: float = setting(
        0.0,
        "Shear",
        "Slants each picture at random by up to this share of its height, like italic writing.",
        ge=0,
        le=1,
    )
    flip: bool = setting(
        False, "Mirror", "Mirrors half of the pictures left to right. Good for photos, wrong for digits and letters."
    )

    def is_on(self) -> bool:
        return bool(self.shift or self.rotation or self.scale or self.stretch or self.shear or self.flip)

    def apply(
        self, images: torch.Tensor, generator: torch.Generator, outside: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Changed pictures of the same shape, float (N, C, H, W).

        What comes in from beyond the edge has the values `outside` (C,), or repeats the edge. The generator is a CPU one.
        One affine map per image, sampled bilinearly, as in spatial transformers (arXiv:1506.02025): the whole batch at
        once is about seven times faster than a transform per sample.
        """
        import torch
        from torch.nn import functional

        count = len(images)
        chance = torch.rand((7, count), generator=generator) * 2 - 1  # (7, N) in -1..1
        angle, zoom = chance[0] * math.radians(self.rotation), 1 + chance[1] * self.scale
        mirror = torch.where(chance[2] < 0, -1.0, 1.0) if self.flip else torch.ones(count)
        shift_x, shift_y = chance[3] * self.shift * 2, chance[4] * self.shift * 2  # the grid runs from -1 to 1
        slant, tall = chance[5] * self.shear, zoom * (1 + chance[6] * self.stretch)
        cosine, sine = torch.cos(angle), torch.sin(angle)
        # where each new pixel comes from: (x, y) scaled, slanted, turned, mirrored, moved
        rows = [
            cosine / zoom * mirror, (cosine * slant - sine) / tall, shift_x,
            sine / zoom * mirror, (sine * slant + cosine) / tall, shift_y,
        ]  # fmt: skip
        theta = torch.stack(rows, dim=1).view(count, 2, 3).to(images.device)
        grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
        if outside is None:
            return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
        level = outside.view(1, -1, 1, 1)  # grid_sample pads with zeros, so the outside is made zero and back
        return functional.grid_sample(images - level, grid, padding_mode="zeros", align_corners=False) + level
