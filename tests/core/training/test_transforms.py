"""Transforms of a whole batch."""

import math

import torch

from core.training.transforms import Affine, affine
from tests.core.training.pictures import random


def test_the_map_of_pixels_is_the_affine_one_of_torch():
    before, chance = torch.rand(4, 9, 12, 3, generator=random()), torch.rand(7, 4, generator=random(1))
    after = affine(before, Affine(0.2, 30, 0.0, 0.0, 0.0, False), chance, None)
    angle, x, y = (chance[0] * 2 - 1) * math.radians(30), (chance[3] * 2 - 1) * 0.4, (chance[4] * 2 - 1) * 0.4
    maps = torch.stack([angle.cos(), -angle.sin(), x, angle.sin(), angle.cos(), y], dim=1).view(4, 2, 3)
    grid = torch.nn.functional.affine_grid(maps, [4, 3, 9, 12], align_corners=False)
    expected = torch.nn.functional.grid_sample(
        before.permute(0, 3, 1, 2), grid, padding_mode="border", align_corners=False
    )
    torch.testing.assert_close(after.permute(0, 3, 1, 2), expected, rtol=0, atol=1e-5)
