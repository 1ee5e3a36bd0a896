"""Optimizers are torch's own with the settings of the form, and every one learns with every loss."""

import pytest
import torch

from core.training.optimizers import CACHED, OPTIMIZERS, parameter_groups


def everywhere(_name):
    return 1.0


def group(data):
    weights = torch.nn.Parameter(torch.zeros(3))
    optimizer = OPTIMIZERS.parse(data).build([{"params": [weights]}])
    return type(optimizer), optimizer.param_groups[0]


@pytest.mark.parametrize(
    ("data", "kind", "settings"),
    [
        (
            {"name": "sgd", "learning_rate": 0.3, "momentum": 0.7, "nesterov": True, "weight_decay": 0.02},
            torch.optim.SGD,
            {"lr": 0.3, "momentum": 0.7, "nesterov": True, "weight_decay": 0.02, "dampening": 0},
        ),
        ("sgd", torch.optim.SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0}),
        (
            {"name": "adam", "learning_rate": 0.3, "weight_decay": 0.02},
            torch.optim.Adam,
            {"lr": 0.3, "weight_decay": 0.02, "betas": (0.9, 0.999), "eps": 1e-8},
        ),
        (
            {"name": "adamw", "learning_rate": 0.3, "weight_decay": 0.03},
            torch.optim.AdamW,
            {"lr": 0.3, "weight_decay": 0.03},
        ),
        (
            {"name": "rmsprop", "learning_rate": 0.3, "momentum": 0.5, "weight_decay": 0.02},
            torch.optim.RMSprop,
            {"lr": 0.3, "momentum": 0.5, "weight_decay": 0.02},
        ),
    ],
)
def test_settings_reach_torch(data, kind, settings):
    found_kind, found = group(data)
    assert issubclass(found_kind, kind)
    assert {key: found[key] for key in settings} == settings


def network(seed=0):
    """A convolution, a batch norm and two layers, channels last as in training."""
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, bias=False),
        torch.nn.BatchNorm2d(6),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(6 * 16, 8),
        torch.nn.Linear(8, 4),
    )
    return model.to(memory_format=torch.channels_last)


def names_of(model, found):
    names = {id(weights): name for name, weights in model.named_parameters()}
    return [[names[id(weights)] for weights in each["params"]] for each in found]


def test_groups_part_weights_by_pace_and_decay_in_the_order_of_the_model():
    model = network()
    settings = OPTIMIZERS.parse({"name": "adamw", "learning_rate": 0.2, "weight_decay": 0.03})
    found = parameter_groups(model, settings, lambda name: 0.1 if name.startswith(("0.", "1.")) else 1.0)
    assert names_of(model, found) == [
        ["0.weight"],
        ["1.weight", "1.bias"],
        ["4.weight", "5.weight"],
        ["4.bias", "5.bias"],
    ]
    assert [each["lr_scale"] for each in found] == [0.1, 0.1, 1.0, 1.0]
    assert [each["lr"] for each in found] == pytest.approx([0.02, 0.02, 0.2, 0.2])
    assert [each["weight_decay"] for each in found] == [0.03, 0.0, 0.03, 0.0]


def test_without_decay_and_paces_there_is_one_group_and_frozen_weights_are_in_none():
    model = network()
    model[4].requires_grad_(False)
    found = parameter_groups(model, OPTIMIZERS.parse("adam"), everywhere)
    assert names_of(model, found) == [["0.weight", "1.weight", "1.bias", "5.weight", "5.bias"]]


@pytest.mark.parametrize(
    ("data", "weights", "fused"),
    [
        ("adam", 10, True),
        ("adam", 2 * CACHED, True),
        ("adamw", 2 * CACHED, True),
        ("sgd", 10, True),
        ("sgd", 2 * CACHED, None),
        ({"name": "sgd", "momentum": 0}, 10, None),
    ],
)
def test_the_kernel_is_used_where_it_is_faster(data, weights, fused):
    parts = [torch.nn.Parameter(torch.zeros(weights // 2)) for _ in range(2)]
    optimizer = OPTIMIZERS.parse(data).build([{"params": [part]} for part in parts])
    assert [each["fused"] for each in optimizer.param_groups] == [fused, fused]
