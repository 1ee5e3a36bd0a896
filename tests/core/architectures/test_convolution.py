"""The block of the small convolutional networks against the textbook order of its layers."""

import copy

import pytest
import torch
from torch import nn

from core.architectures._convolution import block


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_pooling_before_relu_gives_exactly_the_numbers_and_gradients_of_the_usual_order(batch_norm, side):
    torch.manual_seed(0)
    ours = nn.Sequential(*block(3, 6, batch_norm=batch_norm))
    convolution, *norm = copy.deepcopy([layer for layer in ours if not isinstance(layer, nn.MaxPool2d | nn.ReLU)])
    usual = nn.Sequential(convolution, *norm, nn.ReLU(), nn.MaxPool2d(2))

    inputs = [torch.randn(4, 3, side, side).requires_grad_() for _ in range(1)] * 2
    inputs[1] = inputs[0].detach().clone().requires_grad_()
    outputs = [ours(inputs[0]), usual(inputs[1])]
    weight = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weight).sum().backward()

    assert torch.equal(*outputs)
    assert torch.equal(inputs[0].grad, inputs[1].grad)
    for own, other in zip(ours.parameters(), usual.parameters(), strict=True):
        assert torch.equal(own.grad, other.grad)


def test_a_block_keeps_the_size_and_then_halves_it():
    assert nn.Sequential(*block(1, 4, convolutions=3))(torch.zeros(2, 1, 28, 28)).shape == (2, 4, 14, 14)


def test_batch_norm_makes_the_bias_superfluous():
    assert all(
        layer.bias is None for layer in block(1, 4, convolutions=2, batch_norm=True) if isinstance(layer, nn.Conv2d)
    )
    assert all(layer.bias is not None for layer in block(1, 4, convolutions=2) if isinstance(layer, nn.Conv2d))


def test_every_convolution_is_followed_by_relu_and_the_last_by_pooling_first():
    kinds = [type(layer) for layer in block(1, 4, convolutions=2)]
    assert kinds == [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.MaxPool2d, nn.ReLU]
