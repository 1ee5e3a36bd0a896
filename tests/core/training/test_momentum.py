"""Momentum by machine code takes torch's steps, with what the optimizer holds at that time."""

import copy

import pytest
import torch

from core.training import momentum
from core.training.kernels import kernels
from core.training.momentum import Momentum

pytestmark = pytest.mark.skipif(not kernels("momentum"), reason="llvmlite is not installed")


def weights_of(count=40):
    return [torch.nn.Parameter(torch.randn(count, 3)), torch.nn.Parameter(torch.randn(count))]


def optimizer_of(weights, **changes):
    groups = [{"params": [weights[0]], "weight_decay": 0.01}, {"params": [weights[1]], "lr": 0.3}]
    return torch.optim.SGD(groups, **{"lr": 0.1, "momentum": 0.9, "fused": True} | changes)


def step(optimizer, weights, gradients):
    for each, gradient in zip(weights, gradients, strict=True):
        each.grad = gradient.float()
    optimizer.step()


def test_steps_with_rates_and_a_state_that_change_are_torchs():
    torch.manual_seed(1)
    weights = weights_of()
    others = copy.deepcopy(weights)
    optimizer, usual = optimizer_of(weights), optimizer_of(others)
    gradients, copies = [torch.randn_like(each).bfloat16() for each in weights], [each.bfloat16() for each in weights]
    own = Momentum.of(optimizer, weights)
    assert not own.is_ready(gradients, copies)  # the first step makes the momentum
    step(optimizer, weights, gradients)
    step(usual, others, gradients)
    saved = copy.deepcopy(optimizer.state_dict())
    for number in range(4):
        if number == 2:
            for each in (optimizer, usual):
                each.load_state_dict(copy.deepcopy(saved))
                each.param_groups[1]["lr"] = 0.05
        assert own.is_ready(gradients, copies)
        own.move()
        step(usual, others, gradients)
        assert all(map(torch.equal, weights, others))
        assert all(torch.equal(each.bfloat16(), rounded) for each, rounded in zip(weights, copies, strict=True))


def test_what_torch_does_better_or_otherwise_is_left_to_it(monkeypatch):
    weights = weights_of()
    assert Momentum.of(optimizer_of(weights), weights)
    assert not Momentum.of(torch.optim.Adam(weights), weights)
    assert not Momentum.of(optimizer_of(weights), weights[:1])
    for changes in ({"momentum": 0.0}, {"dampening": 0.1}):
        optimizer = optimizer_of(weights, **changes)
        gradients = [torch.ones_like(each) for each in weights]
        step(optimizer, weights, gradients)
        assert not Momentum.of(optimizer, weights).is_ready(gradients, gradients)
    monkeypatch.setattr(momentum, "CACHED", 100)
    assert not Momentum.of(optimizer_of(weights), weights)
