"""Every registered optimizer learns, with every loss, and goes on from where it was. A new one is tested by being there."""

import copy
import io

import pytest
import torch

from core.settings.settings import fields_of
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from tests.core.training.test_optimizers import everywhere, network

NAMES = OPTIMIZERS.names()


def test_every_setting_of_every_optimizer_makes_a_difference():
    for name, settings_class in OPTIMIZERS.items():
        plain = groups_of(name)
        for spec in fields_of(settings_class):
            value = True if spec.kind == "boolean" else 0.123
            assert groups_of({"name": name, spec.name: value}) != plain, f"{name}.{spec.name} changes nothing"


def groups_of(data):
    """The options of a small network's groups."""
    settings = OPTIMIZERS.parse(data)
    built = settings.build(parameter_groups(network(), settings, everywhere)).param_groups
    return [{key: value for key, value in each.items() if key != "params"} for each in built]


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("optimizer", NAMES)
def test_every_optimizer_learns_with_every_loss(optimizer, loss):
    torch.manual_seed(0)
    labels = torch.arange(90) % 3
    inputs = torch.randn(90, 4) * 0.5 + torch.eye(4)[labels] * 3
    model = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    settings = OPTIMIZERS.parse({"name": optimizer, "learning_rate": 0.1 if optimizer in ("sgd", "muon") else 0.01})
    stepper = settings.build(parameter_groups(model, settings, everywhere))
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


@pytest.mark.parametrize("name", NAMES)
def test_paces_and_decays_of_groups_are_what_the_optimizer_uses(name):
    settings = OPTIMIZERS.parse({"name": name, "learning_rate": 0.01, "weight_decay": 0.5})
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    for weights in model.parameters():
        torch.nn.init.ones_(weights)
        weights.grad = torch.zeros_like(weights)
    optimizer = settings.build(parameter_groups(model, settings, lambda name: 0.5 if name.startswith("0") else 1.0))
    assert [each["lr_scale"] for each in optimizer.param_groups] == [0.5, 0.5, 1.0, 1.0]
    optimizer.step()
    moved = {name: (1 - weights).abs().max().item() for name, weights in model.named_parameters()}
    assert moved["0.bias"] == moved["1.bias"] == 0
    assert moved["0.weight"] > 0 and moved["0.weight"] == pytest.approx(moved["1.weight"] / 2, rel=1e-4)


def train(model, optimizer, first, last):
    """Steps `first` up to `last`, each on a batch of its own."""
    for step in range(first, last):
        random = torch.Generator().manual_seed(step)
        inputs = torch.randn(16, 3, 6, 6, generator=random)
        labels = torch.randint(0, 4, (16,), generator=random)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()


def built(name, model, **settings):
    parsed = OPTIMIZERS.parse({"name": name, "weight_decay": 0.01, **settings})
    return parsed.build(parameter_groups(model, parsed, lambda name: 0.3 if name.startswith("0.") else 1.0))


CASES = [(name, {}) for name in NAMES] + [
    ("sgd", {"momentum": 0.0}),
    ("sgd", {"nesterov": True}),
    ("rmsprop", {"momentum": 0.5}),
]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_an_optimizer_goes_on_from_its_state_bit_for_bit(name, settings):
    whole = network()
    optimizer = built(name, whole, **settings)
    train(whole, optimizer, 0, 5)
    file = io.BytesIO()
    torch.save({"model": whole.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(whole, optimizer, 5, 10)
    file.seek(0)
    content = torch.load(file, weights_only=True)
    parted = network(seed=1)
    parted.load_state_dict(content["model"])
    optimizer = built(name, parted, **settings)
    optimizer.load_state_dict(content["optimizer"])
    train(parted, optimizer, 5, 10)
    for key, value in whole.state_dict().items():
        assert torch.equal(value, parted.state_dict()[key]), key


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_state_in_another_memory_layout_is_taken_rightly(name, settings):
    whole = network()
    optimizer = built(name, whole, **settings)
    train(whole, optimizer, 0, 3)
    state = copy.deepcopy(optimizer.state_dict())
    for values in state["state"].values():
        for key, value in values.items():
            if torch.is_tensor(value):
                values[key] = value.clone(memory_format=torch.contiguous_format)
    parted = network()
    parted.load_state_dict(whole.state_dict())
    other = built(name, parted, **settings)
    other.load_state_dict(state)
    train(whole, optimizer, 3, 6)
    train(parted, other, 3, 6)
    for key, value in whole.state_dict().items():
        torch.testing.assert_close(value, parted.state_dict()[key], msg=f"{name}: {key}")


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_one_kernel_for_all_weights_gives_what_torch_gives_without(name, settings):
    ours, plain = network(), network()
    optimizer, reference = built(name, ours, **settings), built(name, plain, **settings)
    for each in reference.param_groups:
        each["fused"] = None
        each["foreach"] = False
    train(ours, optimizer, 0, 10)
    train(plain, reference, 0, 10)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-4, atol=1e-6)
