"""The layers of every architecture, against the networks themselves."""

import pytest
import torch

from core.architectures import ARCHITECTURES
from core.architectures.mlp import MLP
from core.architectures.resnet18 import ResNet18
from core.architectures.simple_cnn import SimpleCNN
from core.training.layers import described, layers_of

SHAPE = (3, 32, 32)


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_weights_shapes_and_answers_are_those_of_the_network(name):
    settings = ARCHITECTURES.get(name)()
    model = settings.build(SHAPE, 7)
    layers = layers_of(settings, SHAPE, 7)
    assert sum(layer.parameters for layer in layers) == sum(weights.numel() for weights in model.parameters())
    assert layers[-1].shape == (7,)
    assert all(layer.words for layer in layers)
    assert any(layer.trains and layer.parameters for layer in layers)


def test_shapes_are_what_flows_through():
    model = SimpleCNN().build((1, 28, 28), 10).eval()
    shapes = []
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _m, _i, outputs: shapes.append(tuple(outputs.shape[1:])))
    model(torch.zeros(1, 1, 28, 28))
    assert [layer.shape for layer in layers_of(SimpleCNN(), (1, 28, 28), 10)] == shapes


def test_multiply_adds_are_counted_as_done_by_hand():
    mlp = layers_of(MLP(hidden=(200, 200)), (1, 28, 28), 10)
    assert [layer.multiply_adds for layer in mlp if layer.multiply_adds] == [784 * 200, 200 * 200, 200 * 10]
    first = layers_of(SimpleCNN(channels=(32,)), (3, 32, 32), 10)[0]
    assert first.multiply_adds == 32 * 32 * 32 * 3 * 9 and first.words == "convolution 3 x 3, 32 filters"


def test_resnet18_at_224_pixels_does_what_its_paper_says():
    layers = layers_of(ResNet18(weights="random", train="all", enlarge_to=224), (3, 32, 32), 1000)
    assert sum(layer.multiply_adds for layer in layers) == pytest.approx(1.8e9, rel=0.02)  # He et al. 2015, table 1


def test_frozen_layers_say_so():
    layers = layers_of(ResNet18(weights="random", train="head"), SHAPE, 10)
    assert [layer.trains for layer in layers if layer.parameters] == [False] * 40 + [True]


def test_chance_stays_as_it_is():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    described(ResNet18(weights="random", train="all", enlarge_to=224), SHAPE, 10)
    assert torch.equal(torch.get_rng_state(), before)
