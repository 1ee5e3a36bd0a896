"""What the coach says of curves of every kind, made by formula, and of real trainings."""

import dataclasses
import math

import numpy as np
import pytest

from core.coach import Curves, advise
from tests.helpers import assert_one_sentence

GUESS = math.log(10)


def curves(epochs=10, **changes):
    """A training that goes well: losses fall, accuracy rises, 6,000 validation images."""
    x = np.arange(1, epochs + 1)
    values = {
        "train_loss": 0.1 + 2 * np.exp(-x / 4),
        "val_loss": 0.15 + 2 * np.exp(-x / 4),
        "val_accuracy": 1 - 0.5 * np.exp(-x / 4),
        "seconds": np.full(epochs, 3.0),
        "classes": 10,
        "val_images": 6000,
        "planned": epochs,
        "learning_rate": 0.001,
        "usual_learning_rate": 0.001,
        **changes,
    }
    return Curves(**{name: list(value) if isinstance(value, np.ndarray) else value for name, value in values.items()})


def kind(curve):
    advice = advise(curve)
    return advice.kind if advice else None


X = np.arange(1, 13)
OVERFIT = {
    "train_loss": 2 * np.exp(-X / 3),
    "val_loss": np.where(X <= 6, 0.2 + 1.5 * np.exp(-X / 3), 0.2 + 1.5 * np.exp(-2) + 0.05 * (X - 6)),
    "val_accuracy": 0.9 - 0.5 * np.exp(-X / 2),
}
FLAT = {
    "train_loss": 0.3 + 2 * np.exp(-X),
    "val_loss": 0.35 + 2 * np.exp(-X),
    "val_accuracy": 0.9 - 0.5 * np.exp(-X),
}
KINDS = {
    "still_learning": {},
    "memorising": OVERFIT,
    "levelling_off": FLAT,
    "diverging": {"train_loss": np.array([2.0, 1.0, 0.6, 0.9, 1.9, 3.4]), "epochs": 6},
    "guessing": {
        "train_loss": np.full(10, GUESS),
        "val_loss": np.full(10, GUESS),
        "val_accuracy": np.full(10, 0.101),
        "learning_rate": 1e-6,
    },
    "slow": {"seconds": np.array([3.0] * 8 + [9.0, 9.5])},
    "few_val_images": {"val_images": 60, "val_accuracy": np.full(10, 0.7)},
}


@pytest.mark.parametrize("expected", KINDS)
def test_every_kind_of_curve_is_recognised(expected):
    settings = dict(KINDS[expected])
    epochs = settings.pop("epochs", len(settings.get("train_loss", range(10))))
    advice = advise(curves(epochs, **settings))
    assert advice.kind == expected
    assert_one_sentence(advice.sentence)
    assert any(letter.isdigit() for letter in advice.evidence), "numbers, not opinions"
    assert not advice.remedy or advice.changes or advice.more_epochs or advice.stop, "a button that does something"


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.02])
@pytest.mark.parametrize("seed", range(20))
def test_noise_turns_no_good_training_into_an_alarm(noise, seed):
    random = np.random.default_rng(seed)
    good = curves(15)
    shaken = {
        name: [value * (1 + noise * random.standard_normal()) for value in getattr(good, name)]
        for name in ("train_loss", "val_loss", "seconds")
    }
    for epochs in range(16):
        cut = {name: values[:epochs] for name, values in shaken.items()}
        at = dataclasses.replace(good, val_accuracy=good.val_accuracy[:epochs], **cut)
        assert kind(at) in (None, "still_learning", "levelling_off"), epochs


@pytest.mark.parametrize("epochs", [0, 1])
def test_before_the_second_epoch_it_is_silent(epochs):
    assert advise(curves(epochs)) is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy", "seconds"])
def test_numbers_that_are_none_leave_it_silent(name, value):
    values = list(getattr(curves(), name))
    values[3] = value
    assert advise(curves(**{name: values})) is None


def test_memorising_names_the_epoch_and_offers_what_is_not_on_yet():
    advice = advise(curves(12, **OVERFIT))
    assert "since epoch 6" in advice.sentence
    assert set(advice.changes) == {"augmentation.shift", "augmentation.rotation"}
    augmented = advise(curves(12, **OVERFIT, is_augmented=True))
    assert augmented.kind == "memorising" and not augmented.changes and augmented.stop
    assert not advise(curves(12, **OVERFIT, is_augmented=True, has_ended=True)).stop


def test_worse_on_the_training_pictures_than_on_others_is_no_memorising():
    assert kind(curves(12, **OVERFIT)) == "memorising"
    assert kind(curves(12, **{**OVERFIT, "train_loss": OVERFIT["train_loss"] + 1})) != "memorising"


def test_a_single_bad_epoch_is_no_memorising():
    values = curves().val_loss
    values[-1] *= 1.5
    assert kind(curves(val_loss=values)) != "memorising"


def test_the_end_of_a_run_that_still_learns_offers_more_epochs():
    assert advise(curves(has_ended=True)).more_epochs == 5
    assert advise(curves(20, has_ended=True)) is None or advise(curves(20, has_ended=True)).kind != "diverging"
    assert advise(curves()).more_epochs == 0


def test_levelling_off_stops_only_what_runs():
    assert advise(curves(12, **FLAT)).stop
    ended = advise(curves(12, **FLAT, has_ended=True))
    assert ended.kind == "levelling_off" and not ended.stop and not ended.remedy


def test_diverging_asks_for_a_tenth():
    advice = advise(curves(6, train_loss=np.array([2.0, 1.0, 0.6, 0.9, 1.9, 3.4]), learning_rate=0.5))
    assert advice.changes == {"optimizer.learning_rate": 0.05}


def test_guessing_with_the_usual_learning_rate_offers_nothing():
    settings = {**KINDS["guessing"], "learning_rate": 0.001}
    advice = advise(curves(**settings))
    assert advice.kind == "guessing" and not advice.remedy


def test_guessing_of_two_classes_is_half():
    flat = {"train_loss": np.full(10, math.log(2)), "val_loss": np.full(10, math.log(2)), "classes": 2}
    assert kind(curves(**flat, val_accuracy=np.full(10, 0.505))) == "guessing"
    assert kind(curves(**flat, val_accuracy=np.full(10, 0.60))) != "guessing"


def test_slow_motion_is_not_slow():
    seconds = np.array([3.0] * 8 + [9.0, 9.5])
    assert kind(curves(seconds=seconds, shortest_epoch=3.0)) == "still_learning"
    assert kind(curves(seconds=seconds / 10)) == "still_learning", "short epochs vary by chance"
    assert kind(curves(seconds=seconds, has_ended=True)) != "slow"
