"""The first convolution with its pooling and ReLU in one pass gives what torch's three layers give."""

import copy

import pytest
import torch
from torch import nn

from core.training.first_layer import FirstLayer, speed_up_first_layer
from core.training.kernels import kernels
from core.training.pooling import speed_up_pooling

native = pytest.mark.skipif(not kernels("first_layer"), reason="llvmlite is not installed")


def network(channels=1, filters=32):
    torch.manual_seed(2)
    model = nn.Sequential(nn.Conv2d(channels, filters, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True))
    return model.to(memory_format=torch.channels_last)


def fast(model):
    model = copy.deepcopy(model)
    speed_up_pooling(model)
    speed_up_first_layer(model)
    return model


def outputs_and_gradients(model, inputs, dtype):
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        outputs = model(inputs)
    wanted = torch.linspace(-1, 1, outputs.numel()).view(outputs.shape).to(outputs.dtype)
    outputs.backward(wanted.contiguous(memory_format=torch.channels_last))
    return [outputs, *(weights.grad for weights in model.parameters())]


@native
@pytest.mark.parametrize("filters", [16, 48])
@pytest.mark.parametrize("size", [(28, 28), (9, 7), (2, 3)])
def test_outputs_and_gradients_are_torchs_up_to_rounding(size, filters):
    plain = network(filters=filters)
    inputs = torch.randn(5, 1, *size).bfloat16()
    own = fast(plain)
    assert isinstance(own[0], FirstLayer)
    found = outputs_and_gradients(own, inputs, torch.bfloat16)
    assert found[0].grad_fn.name().startswith("_FirstLayer") and found[0].dtype == torch.bfloat16
    exact = plain.to(torch.float32)
    for weights in exact.parameters():
        weights.data = weights.bfloat16().float()
    for own_values, values in zip(found, outputs_and_gradients(exact, inputs.float(), torch.float32), strict=True):
        torch.testing.assert_close(own_values.float(), values, rtol=0.005, atol=0.005 * values.abs().max().item())


@native
def test_in_float32_every_digit_is_torchs():
    plain, inputs = network(), torch.randn(3, 1, 8, 8)
    for own, values in zip(
        outputs_and_gradients(fast(plain), inputs, torch.float32),
        outputs_and_gradients(plain, inputs, torch.float32),
        strict=True,
    ):
        assert torch.equal(own, values)


@native
def test_a_diverged_network_still_answers_nan():
    model = fast(network())
    with torch.no_grad():
        model[0].weight[3] = float("nan")
    outputs = outputs_and_gradients(model, torch.ones(1, 1, 4, 4), torch.bfloat16)[0]
    assert outputs.isnan().sum() == outputs[:, 3].numel()


def test_inputs_that_want_gradients_and_traced_networks_take_torchs_way():
    model, inputs = fast(network()), torch.randn(2, 1, 6, 6).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        model(inputs).float().sum().backward()
    assert inputs.grad.abs().sum() > 0
    program = torch.export.export(model, (torch.randn(2, 1, 6, 6),))
    called = {str(node.target).split(".")[1] for node in program.graph.nodes if node.op == "call_function"}
    assert called >= {"conv2d", "relu"}


@pytest.mark.parametrize(("channels", "filters"), [(3, 32), (1, 24)])
def test_colour_and_odd_numbers_of_filters_stay(channels, filters):
    assert type(fast(network(channels, filters))[0]) is nn.Conv2d


def test_it_leaves_torchs_random_numbers_alone():
    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU())
    speed_up_pooling(model)
    before = torch.get_rng_state()
    speed_up_first_layer(model)
    assert torch.equal(torch.get_rng_state(), before)
