"""Fully connected layers through oneDNN against torch's own."""

import copy

import pytest
import torch
from torch import nn

from core.training import linear
from core.training.batches import split
from core.training.build import begin
from core.training.linear import OneDNNLinear, SmallLinear, speed_up_linear
from tests.helpers import quick_config

needs_onednn = pytest.mark.skipif(not linear._is_available(), reason="this build of torch lacks the operator")


def pair(inputs, outputs, bias=True):
    torch.manual_seed(0)
    plain = nn.Linear(inputs, outputs, bias=bias)
    fast = copy.deepcopy(plain)
    fast.__class__ = OneDNNLinear
    return plain, fast


@needs_onednn
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("images", "inputs", "outputs"), [(200, 784, 200), (1, 784, 200), (3, 1568, 128), (64, 17, 31)]
)
def test_results_and_gradients_are_those_of_torch(images, inputs, outputs, bias):
    plain, fast = pair(inputs, outputs, bias)
    given = [torch.randn(images, inputs, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2)]
    weight = torch.randn(images, outputs)
    results = [layer(values) for layer, values in zip((plain, fast), given, strict=True)]
    for result in results:
        (result * weight).sum().backward()
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(given[1].grad, given[0].grad, rtol=1e-4, atol=1e-5)
    for own, other in zip(fast.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=1e-4, atol=1e-4)


@needs_onednn
def test_frozen_weights_get_no_gradient_and_pass_it_on():
    plain, fast = pair(50, 20)
    for layer in (plain, fast):
        layer.requires_grad_(False)
    given = [torch.ones(4, 50, requires_grad=True) for _ in range(2)]
    for layer, values in zip((plain, fast), given, strict=True):
        layer(values).sum().backward()
        assert layer.weight.grad is None
    torch.testing.assert_close(given[1].grad, given[0].grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["float64", "three dimensions", "autocast"])
def test_other_inputs_take_torchs_own_way(form):
    plain, fast = pair(30, 20)
    inputs = torch.randn(4, 30)
    if form == "float64":
        plain, fast, inputs = plain.double(), fast.double(), inputs.double()
    elif form == "three dimensions":
        inputs = inputs[None]
    with torch.autocast("cpu", torch.bfloat16, enabled=form == "autocast"):
        assert torch.equal(plain(inputs), fast(inputs))


@needs_onednn
def test_large_and_small_layers_are_changed_and_names_and_weights_stay():
    middle = nn.Linear(100, 100)
    model = nn.Sequential(nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10), nn.Conv2d(64, 64, 3), middle)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    speed_up_linear(model)
    assert [type(module) for module in model] == [OneDNNLinear, nn.ReLU, SmallLinear, nn.Conv2d, nn.Linear]
    after = model.state_dict()
    assert list(after) == list(before) and all(torch.equal(after[name], before[name]) for name in before)


def test_without_the_operator_nothing_is_changed(monkeypatch):
    def missing(*_):
        raise AttributeError("_linear_pointwise")

    monkeypatch.setattr(linear, "_product", missing)
    model = nn.Sequential(nn.Linear(200, 200))
    speed_up_linear(model)
    assert type(model[0]) is nn.Linear


@needs_onednn
def test_a_training_uses_it():
    config = quick_config(architecture={"name": "mlp", "hidden": [300, 100]})
    data = config.dataset.load(None)
    splits = split(data, config.dataset, 0.1, 0, torch.device("cpu"))
    model = begin(config, splits, torch.device("cpu"), None).model
    kinds = [type(layer) for layer in model if isinstance(layer, nn.Linear)]
    assert kinds == [OneDNNLinear, OneDNNLinear, SmallLinear]


def test_small_layers_stay_in_float32_under_autocast_and_are_torchs_own_otherwise():
    plain, small = pair(200, 10)
    small.__class__ = SmallLinear
    inputs = torch.randn(5, 200).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        logits = small(inputs)
        assert plain(inputs).dtype == torch.bfloat16
    assert logits.dtype == torch.float32
    assert torch.equal(logits, plain(inputs.float()))
    assert torch.equal(small(inputs.float()), plain(inputs.float()))
    logits.sum().backward()
    assert small.weight.grad.dtype == torch.float32 and small.weight.grad.any()
