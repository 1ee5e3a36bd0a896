"""The CIFAR CNN: its stages."""

import pytest
import torch

from core.architectures import ARCHITECTURES
from tests.core.registries.test_every_architecture import check_forward_and_backward


@pytest.mark.parametrize("convolutions", [1, 2, 3])
def test_stages_of_the_cifar_cnn_have_as_many_convolutions_as_asked(convolutions):
    settings = ARCHITECTURES.parse({"name": "cifar_cnn", "channels": [4, 8], "convolutions": convolutions})
    model = settings.build((3, 32, 32), 10)
    found = [layer.out_channels for layer in model if isinstance(layer, torch.nn.Conv2d)]
    assert found == [4] * convolutions + [8] * convolutions
    assert sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in model) == len(found)
    check_forward_and_backward(model, (3, 32, 32), 10)
