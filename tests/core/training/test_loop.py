"""The training loop: what it yields and what it repeats."""

import numpy as np
import pytest
import torch
from torch import nn

from core.runs.metrics import Evaluation
from core.runs.snapshots import PICTURES
from core.training import loop
from core.training.augmentation import Augmentation
from core.training.batches import Pictures, split
from core.training.build import begin, setup_of
from core.training.evaluation import Measuring, drained, evaluate
from core.training.loop import Epoch, Step, train
from tests.core.training.trained import CPU, epochs, few, run, splits_of
from tests.helpers import quick_config


@pytest.fixture(scope="module")
def data():
    return quick_config().dataset.load(None)


def same_weights(first, second):
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


WITH_CHANCE = {
    "architecture": {"name": "improved_cnn", "channels": [4], "dropout": 0.5},
    "augmentation": {"shift": 0.1, "flip": True},
}


@pytest.mark.parametrize("settings", [{}, WITH_CHANCE], ids=["plain", "dropout and augmentation"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(settings, data):
    config = quick_config(epochs=2, training={"seed": 5}, **settings)
    first, happened, _ = run(config, data)
    torch.manual_seed(12345)
    second, again, _ = run(config, data)
    assert same_weights(first, second)
    assert [h.metrics for h in happened if isinstance(h, Epoch)] == [h.metrics for h in again if isinstance(h, Epoch)]


def test_another_seed_gives_other_weights(data):
    assert not same_weights(*(run(quick_config(training={"seed": seed}), data)[0] for seed in (1, 2)))


def test_steps_and_epochs_are_counted_from_one(data):
    config = quick_config(epochs=3, batch_size=500)
    state, happened, splits = run(config, data)
    steps = [h for h in happened if isinstance(h, Step)]
    epochs = [h for h in happened if isinstance(h, Epoch)]
    assert [step.step for step in steps] == list(range(1, 10))
    assert [step.epoch for step in steps] == [1] * 3 + [2] * 3 + [3] * 3
    assert [step.images for step in steps] == [500, 500, len(splits.train) - 1000] * 3
    assert [(epoch.epoch, epoch.step) for epoch in epochs] == [(1, 3), (2, 6), (3, 9)]
    assert (state.epoch, state.step) == (3, 9)


def test_an_epoch_has_its_four_metrics_as_plain_numbers(data):
    _, happened, _ = run(quick_config(), data)
    (epoch,) = [h for h in happened if isinstance(h, Epoch)]
    assert list(epoch.metrics) == ["train/loss", "train/accuracy", "val/loss", "val/accuracy"]
    assert all(type(value) is float for value in epoch.metrics.values())


def test_train_loss_is_the_mean_over_images(data):
    _, happened, splits = run(quick_config(batch_size=500), data)
    steps = [h for h in happened if isinstance(h, Step)]
    mean = sum(step.loss.item() * step.images for step in steps) / len(splits.train)
    assert happened[-1].metrics["train/loss"] == pytest.approx(mean, rel=1e-5)
    assert not any(step.loss.requires_grad for step in steps)


def test_train_accuracy_counts_the_answers_given_before_each_step(data, monkeypatch):
    config = quick_config(optimizer={"name": "sgd", "learning_rate": 1e-12, "momentum": 0})
    state, happened, splits = run(config, data)
    inputs, labels = splits.train.slice(0, len(splits.train))
    hits = (state.model(inputs).argmax(dim=1) == labels).float().mean().item()
    assert happened[-1].metrics["train/accuracy"] == pytest.approx(hits, abs=0.002)


def test_each_epoch_sees_every_image_exactly_once_in_another_order(data, monkeypatch):
    seen, picks = [], Pictures.picks

    def recorded(self, order, bounds):
        for (start, end), (pick, labels) in zip(bounds, picks(self, order, bounds), strict=True):
            if order is not None and len(order) > PICTURES:  # not the few that people watch
                seen.append(order[start:end])
                expected = self.only(seen[-1]).slice(0, end - start)
                assert torch.equal(self.picked(pick), expected[0]) and torch.equal(labels, expected[1])
            yield pick, labels

    monkeypatch.setattr(Pictures, "picks", recorded)
    _, _, splits = run(quick_config(epochs=2), data)
    order = torch.cat(seen)
    first, second = order[: len(splits.train)], order[len(splits.train) :]
    for epoch in (first, second):
        assert epoch.sort().values.tolist() == list(range(len(splits.train)))
    assert not torch.equal(first, second)


def test_dropout_and_batch_norm_train_in_steps_and_rest_in_validation(data):
    config = quick_config(epochs=2, **WITH_CHANCE)
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    statistics = None
    for happened in train(state, setup_of(config), splits):
        (norm,) = [module for module in state.model.modules() if isinstance(module, nn.BatchNorm2d)]
        if isinstance(happened, Step):
            assert state.model.training
            statistics = norm.running_mean.clone()
        elif isinstance(happened, Measuring):
            assert not any(module.training for module in state.model.modules())
        else:
            assert torch.equal(norm.running_mean, statistics), "validation must not change batch norm"
            again = drained(evaluate(state.model, splits.val, config.loss, 33))
            assert again.loss == pytest.approx(happened.metrics["val/loss"], rel=1e-5)
            assert again.accuracy == happened.metrics["val/accuracy"]


def test_training_can_be_left_after_any_step_and_goes_on_from_there(data):
    config = quick_config(epochs=2)
    splits = splits_of(config, data)
    state = begin(config, splits, CPU, None)
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Epoch):
            break
    rest = list(train(state, setup_of(config), splits))
    assert [h.epoch for h in rest if isinstance(h, Epoch)] == [2]
    whole, _, _ = run(config, data)
    assert same_weights(state, whole)


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([(0.5, 1.0), (0.6, 1.0), (0.4, 0.1), (0.7, 9.0)], [True, True, False, True]),
        ([(0.5, 1.0), (0.5, 0.9), (0.5, 1.1), (0.5, 0.9)], [True, True, False, False]),
        ([(0.0, 5.0), (0.0, 6.0)], [True, False]),
    ],
    ids=["accuracy decides", "then loss", "the first is the best so far"],
)
def test_the_best_epoch_has_the_best_accuracy_then_the_smallest_loss(scores, best, data, monkeypatch):
    left = iter(scores)

    def scripted(*_, **__):
        accuracy, loss = next(left)
        hits = round(accuracy * 100)
        return Evaluation(loss, np.array([[hits, 100 - hits], [0, 0]]))
        yield

    monkeypatch.setattr(loop, "evaluate", scripted)
    _, happened, _ = run(quick_config(epochs=len(scores), batch_size=1000), data)
    assert [h.is_best for h in happened if isinstance(h, Epoch)] == best


def test_an_epoch_whose_validation_loss_is_not_a_number_is_never_the_best_after_a_good_one(data, monkeypatch):
    left = iter([0.5, float("nan"), 0.4])

    def scripted(*_, **__):
        return Evaluation(next(left), np.array([[50, 50], [0, 0]]))
        yield

    monkeypatch.setattr(loop, "evaluate", scripted)
    _, happened, _ = run(quick_config(epochs=3, batch_size=1000), data)
    assert [h.is_best for h in happened if isinstance(h, Epoch)] == [True, False, True]


def scripted_losses(monkeypatch, values):
    """Validations that find these losses one after the other, and accuracies that say the opposite."""
    left = iter(values)

    def scripted(*_, **__):
        loss = next(left)
        return Evaluation(loss, np.array([[round(loss * 100), 100 - round(loss * 100)], [0, 0]]))
        yield

    monkeypatch.setattr(loop, "evaluate", scripted)


def test_the_best_epoch_can_be_the_one_with_the_smallest_loss_or_the_last(data, monkeypatch):
    values = [0.5, 0.4, 0.45, 0.3]
    wanted = {"loss": [True, True, False, True], "accuracy": [True, False, False, False], "last": [True] * 4}
    for best_by, best in wanted.items():
        scripted_losses(monkeypatch, values)
        _, happened, _ = run(quick_config(epochs=4, batch_size=1000, training={"best_by": best_by}), data)
        assert [h.is_best for h in happened if isinstance(h, Epoch)] == best


@pytest.mark.parametrize(
    ("patience", "values", "trained"),
    [
        (1, [0.5, 0.6, 0.4, 0.3], 2),
        (2, [0.5, 0.6, 0.4, 0.5, 0.5, 0.3], 5),
        (3, [0.5, 0.6, 0.6, 0.4, 0.3, 0.2], 6),
        (0, [0.5, 0.6, 0.7, 0.8, 0.9, 0.9], 6),
    ],
)
def test_it_stops_early_when_nothing_gets_better_for_as_long_as_it_may(patience, values, trained, data, monkeypatch):
    scripted_losses(monkeypatch, values)
    settings = {"patience": patience, "best_by": "loss"}
    config = quick_config(epochs=len(values), batch_size=1000, training=settings)
    state, happened, _ = run(config, data)
    assert len([h for h in happened if isinstance(h, Epoch)]) == trained == state.epoch


def test_label_smoothing_trains_and_is_not_in_the_validation_loss(data):
    config = quick_config(loss={"name": "cross_entropy", "label_smoothing": 0.5})
    state, happened, splits = run(config, data)
    metrics = happened[-1].metrics
    plain_loss = config.loss.model_copy(update={"label_smoothing": 0.0})
    assert metrics["val/loss"] == drained(evaluate(state.model, splits.val, plain_loss, 250)).loss
    first = next(h for h in happened if isinstance(h, Step)).loss.item()
    unsmoothed = next(h for h in run(quick_config(), data)[1] if isinstance(h, Step)).loss.item()
    assert first != pytest.approx(unsmoothed, rel=1e-4)


@pytest.mark.parametrize("dataset", ["digits", {"name": "digits", "normalisation": "half"}])
def test_moved_digits_leave_black_behind(dataset, data, monkeypatch):
    seen = []
    carry_out = Augmentation.carry_out

    def recorded(self, images, *rest):
        before, made = images.clone(), carry_out(self, images, *rest)
        seen.append((before, made[0]))
        return made

    monkeypatch.setattr(Augmentation, "carry_out", recorded)
    config = quick_config(dataset=dataset, augmentation={"shift": 0.4})
    _, happened, splits = run(config, data)
    black = splits.train.slice(0, 1)[0].min()  # the first digit has black in it
    assert len(seen) == len([h for h in happened if isinstance(h, Step)])
    for before, after in seen:
        torch.testing.assert_close(before.min(), black)
        assert after.min() >= black - 1e-4, "nothing is darker than black"
        edges = torch.cat([after[:, :, 0], after[:, :, -1], after[:, :, :, 0], after[:, :, :, -1]], dim=2)  # (N, 1, 32)
        assert torch.isclose(edges, black, atol=1e-4).float().mean() > 0.5


@pytest.mark.parametrize(
    ("layout", "parts"),
    [
        (torch.channels_last, {}),
        (torch.contiguous_format, {}),
        (torch.contiguous_format, {"augmentation": {"crop": 1}}),
    ],
    ids=["last", "first", "first, augmented"],
)
def test_pictures_reach_the_network_in_its_layout(layout, parts):
    """Of one channel too, where only the strides tell them apart."""
    config = quick_config(architecture={"name": "improved_cnn", "channels": [4]}, **parts)
    images = few(config.dataset.load(None), 150)
    splits = split(images, config.dataset, 0.2, 0, CPU, layout=layout)
    state = begin(config, splits, CPU, None)
    came = set()
    first = next(module for module in state.model.modules() if isinstance(module, torch.nn.Conv2d))
    first.register_forward_pre_hook(lambda module, inputs: came.add(inputs[0].stride()))
    assert epochs(train(state, setup_of(config), splits))
    assert came == {(64, 1, 8, 1) if layout is torch.channels_last else (64, 64, 8, 1)}
