"""Networks learn: what a loop written by hand learns, and to read digits."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from core.training.evaluation import drained, evaluate
from core.training.loop import Epoch, Step
from tests.core.training.trained import run
from tests.helpers import quick_config


@pytest.fixture(scope="module")
def data():
    return quick_config().dataset.load(None)


def mlp_by_hand():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))


def wide_mlp_by_hand():
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(64, 300), nn.ReLU()), *(nn.Linear(300, 100), nn.ReLU()), nn.Linear(100, 10)
    )


def cnn_by_hand():
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10)),
    )


@pytest.mark.parametrize(
    ("architecture", "by_hand"),
    [
        ({"name": "mlp", "hidden": [20]}, mlp_by_hand),
        ({"name": "simple_cnn", "channels": [4, 8], "hidden": [16]}, cnn_by_hand),
        ({"name": "mlp", "hidden": [300, 100]}, wide_mlp_by_hand),
    ],
    ids=["mlp", "cnn", "wide mlp"],
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_it_learns_what_a_plain_pytorch_loop_learns(architecture, by_hand, optimizer, data):
    config = quick_config(
        epochs=2, batch_size=100, architecture=architecture, optimizer=optimizer, training={"seed": 11}
    )
    state, happened, splits = run(config, data)

    torch.manual_seed(11)
    model = by_hand()
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, lr=0.001),
    }
    stepper = kinds[optimizer](model.parameters())
    images, labels = splits.train.slice(0, len(splits.train))
    losses = []
    for epoch in range(2):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(11 * 1_000_003 + epoch))
        for chosen in order.split(100):
            value = functional.cross_entropy(model(images[chosen]), labels[chosen])
            stepper.zero_grad()
            value.backward()
            stepper.step()
            losses.append(value.item())

    assert [h.loss.item() for h in happened if isinstance(h, Step)] == pytest.approx(losses, rel=1e-3)
    for own, other in zip(state.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "loss", "augmentation"),
    [
        ({"name": "simple_cnn", "channels": [16, 32], "hidden": [64]}, "cross_entropy", {}),
        ({"name": "mlp", "hidden": [128]}, "nll", {}),
        ({"name": "improved_cnn", "channels": [16, 32], "dropout": 0.2}, "bce", {"shift": 0.05}),
    ],
    ids=["simple_cnn", "mlp", "improved_cnn"],
)
def test_it_learns_to_read_digits(architecture, loss, augmentation, data):
    config = quick_config(
        epochs=12,
        batch_size=32,
        architecture=architecture,
        loss=loss,
        augmentation=augmentation,
        optimizer={"name": "adam", "learning_rate": 0.003},
    )
    state, happened, splits = run(config, data)
    epochs = [h.metrics for h in happened if isinstance(h, Epoch)]
    assert epochs[-1]["train/loss"] < epochs[0]["train/loss"] / 3
    assert drained(evaluate(state.model, splits.test, config.loss, 100)).accuracy > 0.95
