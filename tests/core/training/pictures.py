"""Pictures that are picked and changed in tests."""

import torch


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=32, channels=1, side=16):
    return torch.rand(count, channels, side, side, generator=random(9))


def numbered(count, height, width, channels):
    """Pictures whose every number is another, channels last in memory."""
    numbers = torch.arange(float(count * height * width * channels)).view(count, height, width, channels)
    return numbers.permute(0, 3, 1, 2)


def picked(part, index):
    """Inputs and labels of those images, in that order."""
    return part.only(index).slice(0, len(index))
