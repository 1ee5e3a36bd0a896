"""A network with memory for so many images at a time."""

import torch
from torch import nn

from core.architectures import ArchitectureSettings


class Limit(nn.Module):
    """Has memory for so many images at a time."""

    error = torch.OutOfMemoryError("out of memory")

    def __init__(self, most):
        super().__init__()
        self.most = most

    def forward(self, inputs):
        if self.training and len(inputs) > self.most:
            raise self.error
        return inputs


class Tight(ArchitectureSettings):
    label = "tight"
    name: str = "tight"
    most: int = 1000
    batch_norm: bool = False

    @property
    def smallest_batch(self):
        return 2 if self.batch_norm else 1

    def build(self, shape, classes):
        size = shape[0] * shape[1] * shape[2]
        norm = [nn.BatchNorm1d(size)] if self.batch_norm else []
        return nn.Sequential(
            nn.Flatten(), *norm, Limit(self.most), nn.Linear(size, 8), nn.Tanh(), nn.Linear(8, classes)
        )
