"""Steps of networks with a few weights."""

from contextlib import nullcontext

import torch
from torch import nn

from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from core.training.step import CHECKS, WARM_UP, Stepper

COMPUTED = WARM_UP + len(CHECKS) + 1  # full batches that are computed: one of the checks takes its step twice


class Linear(nn.Linear):
    """Three numbers, two classes."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(3, 2)


def stepper(network, recorder=None, optimizer="sgd", images=8, **settings):
    made = OPTIMIZERS.get(optimizer)()
    built = made.build(parameter_groups(network, made, lambda name: 1.0))
    return Stepper(
        network, LOSSES.get("cross_entropy")(), built, nullcontext(), recorder=recorder, images=images, **settings
    ), built


def batches(count):
    drawn = torch.Generator().manual_seed(1)
    for _ in range(count):
        yield torch.randn(8, 3, generator=drawn), torch.randint(0, 2, (8,), generator=drawn)
