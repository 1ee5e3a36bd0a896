"""Optimizers are torch's own with the settings of the form, and every one learns with every loss."""

import pytest
import torch

from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS


def group(data):
    weights = torch.nn.Parameter(torch.zeros(3))
    optimizer = OPTIMIZERS.parse(data).build([weights])
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
    assert found_kind is kind
    assert {key: found[key] for key in settings} == settings


def test_every_setting_of_every_optimizer_makes_a_difference():
    from core.settings import fields_of

    for name, settings_class in OPTIMIZERS.items():
        _, plain = group(name)
        for spec in fields_of(settings_class):
            value = True if spec.kind == "boolean" else 0.123
            _, changed = group({"name": name, spec.name: value})
            assert changed != {**plain, "params": changed["params"]}, f"{name}.{spec.name} changes nothing"


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
def test_every_optimizer_learns_with_every_loss(optimizer, loss):
    torch.manual_seed(0)
    labels = torch.arange(90) % 3
    inputs = torch.randn(90, 4) * 0.5 + torch.eye(4)[labels] * 3
    model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    rate = 0.1 if optimizer == "sgd" else 0.01
    stepper = OPTIMIZERS.parse({"name": optimizer, "learning_rate": rate}).build(model.parameters())
    measure = LOSSES.parse(loss).measure
    values = []
    for _ in range(60):
        value = measure(model(inputs), labels)
        stepper.zero_grad()
        value.backward()
        stepper.step()
        values.append(value.item())
    assert values[-1] < values[0] / 3
    assert (model(inputs).argmax(dim=1) == labels).float().mean() > 0.95
