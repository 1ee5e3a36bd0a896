"""Steps that are recorded and played back change a network exactly as those that are taken one by one.

A GPU records them as a CUDA graph; here a twin stands in for it, which carries the recorded call out over the same fixed tensors.
"""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.training import loop
from core.training.build import begin, setup_of
from core.training.gradients import BatchTooLarge
from core.training.loop import Step
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS, parameter_groups
from core.training.step import WARM_UP, Stepper, plain_state, set_learning_rate
from tests.core.training.trained import CPU, few, splits_of
from tests.helpers import quick_config

DATA = Path("unused")


class Twin:
    """Records a call by keeping it."""

    capturable = False  # torch takes that on a GPU only

    def __init__(self):
        self.warmed = self.played = 0

    def warm(self, call):
        self.warmed += 1
        return call()

    def record(self, call):
        def play():
            self.played += 1
            return call()

        return play


class Unable(Twin):
    def record(self, call):
        raise RuntimeError("operation not permitted when stream is capturing")


def trained(config, monkeypatch, recorder, steps=40):
    monkeypatch.setattr(loop, "recorder_for", lambda device: recorder)
    splits = splits_of(config, few(config.dataset.load(DATA), 1000))
    state = begin(config, splits, CPU, None)
    happening = loop.train(state, setup_of(config), splits)
    losses = []
    for happened in happening:
        if isinstance(happened, Step):
            losses.append(happened.loss.clone())
            if len(losses) == steps:
                break
    happening.close()
    return state, torch.stack(losses)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": {"name": "adam", "learning_rate": 0.01}},
        {"optimizer": {"name": "sgd", "learning_rate": 0.1}, "schedule": "cosine"},
        {"optimizer": "rmsprop", "schedule": "one_cycle"},
        {"optimizer": {"name": "muon", "biases": 3}, "schedule": "linear", "augmentation": {"alternate": True}},
        {"optimizer": "adamw", "augmentation": {"shift": 0.1, "mixup": 0.4}},
    ],
    ids=lambda settings: str(settings["optimizer"]),
)
def test_recorded_steps_train_as_others_do(settings, monkeypatch):
    config = quick_config(epochs=4, batch_size=100, **settings)
    plain, losses = trained(config, monkeypatch, None)
    twin = Twin()
    recorded, others = trained(config, monkeypatch, twin)
    assert twin.warmed == WARM_UP and twin.played > 20, "the last, smaller batch of an epoch is not played back"
    torch.testing.assert_close(others, losses, rtol=1e-5, atol=1e-6)
    for one, other in zip(recorded.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_recorded_goes_on_without(monkeypatch, capsys):
    config = quick_config(epochs=2, batch_size=100, optimizer="adam")
    plain, losses = trained(config, monkeypatch, None, 20)
    other, others = trained(config, monkeypatch, Unable(), 20)
    assert torch.equal(losses, others) and "not recorded" in capsys.readouterr().err
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in other.optimizer.param_groups)


def test_a_recorded_optimizer_is_kept_as_any_other(monkeypatch):
    state, _ = trained(quick_config(epochs=2, batch_size=100, optimizer="adam"), monkeypatch, Twin(), 20)
    assert all(isinstance(group["lr"], torch.Tensor) for group in state.optimizer.param_groups)
    kept = plain_state(state.optimizer)
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in kept["param_groups"])
    fresh, _ = trained(quick_config(epochs=2, batch_size=100, optimizer="adam"), monkeypatch, None, 1)
    fresh.optimizer.load_state_dict(kept)
    set_learning_rate(fresh.optimizer.param_groups[0], 0.5)
    assert fresh.optimizer.param_groups[0]["lr"] == 0.5


def test_a_batch_that_does_not_fit_changes_nothing():
    class Greedy(nn.Linear):
        def forward(self, inputs):
            if len(inputs) > 4:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(inputs)

    network = Greedy(3, 2)
    before = network.weight.clone()
    optimizer = OPTIMIZERS.get("sgd")().build(parameter_groups(network, OPTIMIZERS.get("sgd")(), lambda name: 1.0))
    step = Stepper(network, LOSSES.get("cross_entropy")(), optimizer, torch.enable_grad())
    with pytest.raises(BatchTooLarge):
        step(torch.randn(8, 3), torch.zeros(8, dtype=torch.long), None, 1)
    assert torch.equal(network.weight, before) and network.weight.grad is None
    step(torch.randn(8, 3), torch.zeros(8, dtype=torch.long), None, 2)
    assert not torch.equal(network.weight, before)
