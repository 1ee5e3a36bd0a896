"""What one step of the loop does to the weights: clipping, decay, schedule, learning rate, the layers' scale of it."""

import pytest
import torch

from core.training.build import begin, setup_of
from core.training.loop import Step, train
from tests.core.training.trained import CPU, splits_of
from tests.helpers import quick_config


@pytest.fixture(scope="module")
def data():
    return quick_config().dataset.load(None)


def steps_of(config, data):
    """The length of each step through the space of weights, for plain SGD with learning rate 1: the gradient's norm."""
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    before = [weights.detach().clone() for weights in state.model.parameters()]
    lengths = []
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Step):
            after = [weights.detach().clone() for weights in state.model.parameters()]
            lengths.append(torch.cat([(a - b).flatten() for a, b in zip(after, before, strict=True)]).norm().item())
            before = after
    return lengths


def test_clipped_gradients_are_never_longer_than_allowed(data):
    optimizer = {"name": "sgd", "learning_rate": 1, "momentum": 0}
    free = steps_of(quick_config(optimizer=optimizer), data)
    clipped = steps_of(quick_config(optimizer=optimizer, training={"gradient_clip": 0.3}), data)
    assert max(free) > 0.5
    assert max(clipped) <= 0.3 * 1.001 and clipped[0] == pytest.approx(0.3, rel=1e-3)
    loose = steps_of(quick_config(optimizer=optimizer, training={"gradient_clip": 1000}), data)
    assert loose == pytest.approx(free), "what is short enough is let through as it is"


def test_weight_decay_leaves_biases_alone(data):
    """With almost no learning only decay moves weights: by learning rate times decay times themselves."""
    config = quick_config(
        epochs=1, batch_size=1000, optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0, "weight_decay": 1.0}
    )
    splits = splits_of(config, data)
    with_decay, without = begin(config, splits, CPU, None), begin(config, splits, CPU, None)
    for group in without.optimizer.param_groups:
        group["weight_decay"] = 0.0
    start = {name: weights.detach().clone() for name, weights in with_decay.model.named_parameters()}
    for state in (with_decay, without):
        assert isinstance(next(train(state, setup_of(config), splits)), Step)
    for (name, decayed), plain in zip(with_decay.model.named_parameters(), without.model.parameters(), strict=True):
        pull = 0.1 * start[name] if decayed.ndim >= 2 else torch.zeros_like(decayed)
        torch.testing.assert_close(plain - decayed, pull, msg=name)


def test_the_schedule_reaches_the_optimizer_in_every_step(data):
    config = quick_config(
        epochs=2, batch_size=500, optimizer={"name": "sgd", "learning_rate": 0.4}, schedule={"name": "cosine", "warmup": 0.5}
    )  # fmt: skip
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    used, expected = [], [0.4 * config.schedule.factor(step / 3, 2, {}) for step in range(6)]
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Step):
            used += [group["lr"] for group in state.optimizer.param_groups]
    assert used == pytest.approx(expected) and len(set(used)) == 6


def test_a_learning_rate_changed_between_two_steps_counts_from_the_next_and_scales_the_schedule(data):
    config = quick_config(
        epochs=2, batch_size=500, optimizer={"name": "sgd", "learning_rate": 0.4}, schedule={"name": "step", "every": 1}
    )  # fmt: skip
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    used = []
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Step):
            used.append(state.optimizer.param_groups[0]["lr"])
            if happened.step == 2:
                state.learning_rate = 0.04
    assert used == pytest.approx([0.4, 0.4, 0.04, 0.004, 0.004, 0.004])


def test_layers_with_a_pace_of_their_own_keep_it_under_a_schedule(data, monkeypatch):
    from core.architectures.mlp import MLP

    monkeypatch.setattr(MLP, "lr_scale", lambda self, name: 0.1 if name.startswith("1.") else 1.0)
    config = quick_config(
        epochs=2, batch_size=500, optimizer={"name": "sgd", "learning_rate": 0.5}, schedule="one_cycle"
    )
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Step):
            slow, fast = state.optimizer.param_groups
            assert slow["lr"] == pytest.approx(fast["lr"] / 10)
    assert fast["lr"] < 0.1
