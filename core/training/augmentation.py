"""Augmentation: random changes to a whole batch on its device, so that a network learns what does not matter."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from core.settings.settings import Settings, setting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Mix = tuple[Tensor, float | Tensor] | None

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

    def draw(self, count: int, generator: torch.Generator, changes: bool = True, turned: Tensor | None = None) -> Drawn:
        """The random numbers of one batch of so many images, from a CPU generator: of `apply` where `changes` is true, then of
        `mix` if it is on. `turned`: bool (count,), which ones are mirrored in this epoch (see the method of that name)."""
        import torch

        chance = _chance(count, generator, turned) if changes else None
        if not self.mixes():
            return Drawn(chance)
        seed = int(torch.randint(2**62, (), generator=generator))
        share = random.Random(seed).betavariate(self.mixup, self.mixup)  # torch's own Beta takes no generator
        return Drawn(chance, torch.randperm(count, generator=generator), max(share, 1 - share))

    def carry_out(self, images: Tensor, labels: Tensor, drawn: Drawn, fill: Tensor | None = None) -> tuple[Tensor, Mix]:
        """What `apply` and `mix` make of a batch with drawn numbers on its device: the images, and of MixUp the labels of the
        pictures mixed in (N,) with the share of the first ones, else None."""
        if drawn.chance is not None:
            images = self._changed(images, drawn.chance, drawn.fixed_shapes, fill)
        if drawn.others is None:
            return images, None
        other = images.movedim(1, -1).index_select(0, drawn.others).movedim(-1, 1)  # images stay channels last
        return images.lerp(other, 1 - drawn.share), (labels.index_select(0, drawn.others), drawn.share)

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
        drawn = Drawn(_chance(len(images), generator, turned))
        if images.device.type != "cpu":
            drawn = Drawn.of(drawn.packed(images.device), mixes=False)
        assert drawn.chance is not None
        return self._changed(images, drawn.chance, drawn.fixed_shapes, fill)

    def _changed(self, images: Tensor, chance: Tensor, fixed_shapes: bool, fill: Tensor | None) -> Tensor:
        import torch

        from core.training import transforms

        _, _, height, width = images.shape
        flips = self.flip or self.alternate
        pixels = images.permute(0, 2, 3, 1).contiguous()  # (N, H, W, C)
        if self._moves():
            most = transforms.Affine(self.shift, self.rotation, self.scale, self.stretch, self.shear, flips)
            pixels = transforms.affine(pixels, most, chance[:7], fill)
        if self.crop:
            pad = min(self.crop, height // 2, width // 2)
            top, left = (chance[7:9] * (2 * pad + 1)).long()
            pixels = transforms.random_crop(pixels, pad, top, left, fill)
        if flips and not self._moves():
            if fixed_shapes:
                pixels = transforms.mirror_chosen(pixels, chance[2] < 0.5)
            else:
                pixels = pixels if self.crop else pixels.clone()
                transforms.mirror_some(pixels, chance[2] < 0.5)
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
        drawn = self.draw(len(images), generator, changes=False)
        assert drawn.others is not None, "it is on"
        drawn = replace(drawn, others=drawn.others.to(images.device))
        mixed, mix = self.carry_out(images, labels, drawn)
        assert mix is not None
        return mixed, mix[0], drawn.share


@dataclass(frozen=True)
class Drawn:
    """The random numbers of one batch of N images."""

    chance: Tensor | None = None  # (14, N) in 0..1, of the changes
    others: Tensor | None = None  # (N,) int64: of MixUp, which picture of the batch is mixed into each
    share: Any = 1.0  # of MixUp: of the picture itself; a tensor () where it lies on the device
    fixed_shapes: bool = False  # no shape may depend on the numbers, as whoever makes such a tensor waits for them

    def packed(self, device: torch.device) -> Tensor:
        """All of it as one float32 (14 to 16, N) on a device, in one copy that nobody waits for. `others` are whole numbers far
        below 2 ** 24, up to where float32 has all of them."""
        import torch

        rows = [] if self.chance is None else [self.chance]
        if self.others is not None:
            others = self.others.float()
            rows += [others[None], torch.full_like(others, self.share)[None]]
        packed = torch.cat(rows)
        return packed.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else packed.to(device)

    @classmethod
    def of(cls, packed: Tensor, mixes: bool) -> Drawn:
        """What was packed, without waiting for it; `mixes`: MixUp is on."""
        chance = packed[:DRAWS] if len(packed) >= DRAWS else None
        if not mixes:
            return cls(chance, fixed_shapes=True)
        return cls(chance, packed[-2].long(), packed[-1, 0], fixed_shapes=True)


def _chance(count: int, generator: torch.Generator, turned: Tensor | None) -> Tensor:
    """(14, N) in 0..1 on the CPU; where it is decided which images are mirrored, below 0.5 for those."""
    import torch

    chance = torch.rand((DRAWS, count), generator=generator)
    if turned is not None:
        chance[2] = (~turned).float()
    return chance
