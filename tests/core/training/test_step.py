"""Steps that are recorded and played back change a network exactly as those that are taken one by one.

A GPU records them as a CUDA graph; here `tape.Twin` stands in for it, which plays operations back with the numbers and places
in memory that they were recorded with.
"""

from pathlib import Path

import pytest
import torch

from core.training import loop
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import load_checkpoint, network_content, restore, resume_content, write_checkpoint
from core.training.loop import Step
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS
from core.training.recording import plain_state, set_learning_rate
from core.training.step import NotRecorded
from tests.core.training.steppers import COMPUTED
from tests.core.training.tape import NOT_PERMITTED, Twin, recording_cpu  # noqa: F401
from tests.core.training.trained import CPU, few, splits_of
from tests.helpers import quick_config

DATA = Path("unused")

pytestmark = pytest.mark.usefixtures("recording_cpu")


class Unable(Twin):
    def record(self, call):
        raise RuntimeError(NOT_PERMITTED)


def trained(config, monkeypatch, recorder, steps=40, meanwhile=lambda state, step: None, state=None, happened=None):
    monkeypatch.setattr(loop, "recorder_for", lambda device: recorder)
    splits = splits_of(config, few(config.dataset.load(DATA), 1000))
    state = state or begin(config, splits, CPU, None)
    happening = loop.train(state, setup_of(config), splits)
    losses = []
    for each in happening:
        if happened is not None:
            happened.append(each)
        if isinstance(each, Step):
            losses.append(each.loss.clone())
            meanwhile(state, state.step)
            if len(losses) == steps:
                break
    happening.close()
    return state, torch.stack(losses)


def assert_the_same(one, other):
    (state, losses), (recorded, others) = one, other
    torch.testing.assert_close(others, losses, rtol=1e-5, atol=1e-6)
    both = zip(recorded.model.state_dict().values(), state.model.state_dict().values(), strict=True)
    for one, other in both:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "one_cycle", "training": {"gradient_clip": 0.5}},
        {"augmentation": {"mixup": 0.4, "flip": True, "crop": 2}, "training": {"average_decay": 0.9}},
    ],
    ids=["schedule", "augmentation"],
)
def test_recorded_steps_train_as_others_do(optimizer, settings, monkeypatch):
    config = quick_config(
        optimizer=optimizer, **{**settings, "training": {"epochs": 4, "batch_size": 100, **settings["training"]}}
    )
    twin = Twin()
    happened = []
    recorded = trained(config, monkeypatch, twin, happened=happened)
    assert not [each for each in happened if isinstance(each, NotRecorded)]
    assert twin.warmed == COMPUTED and twin.played > 20, "the last, smaller batch of an epoch is not played back"
    assert_the_same(trained(config, monkeypatch, None), recorded)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("training", [{}, {"balance": "weights"}])
def test_every_loss_can_be_recorded(loss, training, monkeypatch):
    config = quick_config(
        loss={"name": loss, "label_smoothing": 0.1}, training={"epochs": 3, "batch_size": 100, **training}
    )
    twin = Twin()
    recorded = trained(config, monkeypatch, twin, 20)
    assert twin.played > 10
    assert_the_same(trained(config, monkeypatch, None, 20), recorded)


@pytest.mark.parametrize("architecture", ["improved_cnn", {"name": "simple_cnn"}])
def test_chance_and_statistics_within_the_network_go_on(architecture, monkeypatch):
    config = quick_config(architecture=architecture, training={"epochs": 2, "batch_size": 50})
    twin = Twin()
    recorded = trained(config, monkeypatch, twin, 24)
    assert twin.played > 12
    assert_the_same(trained(config, monkeypatch, None, 24), recorded)


def test_what_changes_meanwhile_takes_effect(monkeypatch):
    """A learning rate that a person changes, checkpoints, and a training that goes on from one."""
    config = quick_config(epochs=9, batch_size=100, optimizer="adam", schedule="cosine")

    def change(state, step):
        if step == 25:
            state.learning_rate = 0.05

    twin = Twin()
    recorded = trained(config, monkeypatch, twin, 40, change)
    assert_the_same(trained(config, monkeypatch, None, 40, change), recorded)
    without = trained(config, monkeypatch, None, 40)
    assert not torch.allclose(without[1][26:], recorded[1][26:], rtol=1e-3), "else it shows nothing"


def test_a_recorded_training_goes_on_from_its_checkpoint(monkeypatch, tmp_path):
    config = quick_config(
        epochs=9, batch_size=100, optimizer="adam", augmentation={"shift": 0.1}, training={"average_decay": 0.9}
    )
    state, losses = trained(config, monkeypatch, None, 50)
    first, before = trained(config, monkeypatch, Twin(), 25)  # in the middle of an epoch
    path = tmp_path / "last.pt"
    write_checkpoint(path, {**network_content(first, description_of(config), {}), **resume_content(first, 1)})
    again = begin(config, splits_of(config, few(config.dataset.load(DATA), 1000)), CPU, None)
    restore(again, load_checkpoint(path), path)
    twin = Twin()
    again, after = trained(config, monkeypatch, twin, 25, state=again)
    assert twin.played > 10
    assert_the_same((state, losses), (again, torch.cat([before, after])))


def test_what_cannot_be_recorded_goes_on_without_and_says_so(monkeypatch):
    config = quick_config(epochs=2, batch_size=100, optimizer="adam")
    happened = []
    _, losses = trained(config, monkeypatch, None, 20)
    other, others = trained(config, monkeypatch, Unable(), 20, happened=happened)
    torch.testing.assert_close(others, losses, rtol=1e-6, atol=1e-7)
    assert [each for each in happened if isinstance(each, NotRecorded)] == [
        NotRecorded(f"they could not be recorded ({NOT_PERMITTED})")
    ]
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in other.optimizer.param_groups)


def test_a_recorded_optimizer_is_kept_as_any_other(monkeypatch):
    config = quick_config(epochs=2, batch_size=100, optimizer="adam")
    state, _ = trained(config, monkeypatch, Twin(), 20)
    assert all(isinstance(group["lr"], torch.Tensor) for group in state.optimizer.param_groups)
    kept = plain_state(state.optimizer)
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in kept["param_groups"])
    fresh, _ = trained(config, monkeypatch, None, 1)
    fresh.optimizer.load_state_dict(kept)
    set_learning_rate(fresh.optimizer.param_groups[0], 0.5)
    assert fresh.optimizer.param_groups[0]["lr"] == 0.5


def test_short_memory_ends_the_recording(monkeypatch):
    """Batches are cut into micro-batches from then on, which nothing plays back."""
    config = quick_config(epochs=9, batch_size=100, optimizer="adam")

    def cut(state, step):
        if step == 20:
            state.micro_batches = 2

    twin = Twin()
    recorded, others = trained(config, monkeypatch, twin, 30, cut)
    played = twin.played
    _, losses = trained(config, monkeypatch, None, 30, cut)
    torch.testing.assert_close(others, losses, rtol=1e-5, atol=1e-6)
    assert played < 20 and all(isinstance(group["lr"], float) for group in recorded.optimizer.param_groups)


def test_only_whole_batches_are_compiled(monkeypatch):
    """Each other size, and each mode of the network, would be compiled anew."""
    seen = []

    def compiled(network):
        def call(inputs):
            seen.append((len(inputs), network.training))
            return network(inputs)

        return call

    monkeypatch.setattr(torch, "compile", compiled)
    config = quick_config(epochs=2, batch_size=80, training={"compile": True})
    compiling = trained(config, monkeypatch, None, 25)
    assert len(seen) > 10 and set(seen) == {(80, True)}, "an epoch's last batch is smaller"
    assert_the_same(trained(quick_config(epochs=2, batch_size=80), monkeypatch, None, 25), compiling)
