"""A ResNet18 as torchvision would publish it."""

import io

import pytest
import torch


@pytest.fixture(scope="module")
def published():
    """torchvision's network with weights and statistics that are not those of a fresh one."""
    from torchvision.models import resnet18

    torch.manual_seed(5)
    network = resnet18(weights=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def weights_bytes(published):
    buffer = io.BytesIO()
    torch.save(published.state_dict(), buffer)
    return buffer.getvalue()
