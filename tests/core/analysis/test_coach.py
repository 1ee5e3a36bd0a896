"""What the coach says of curves of every kind, made by formula, and of real trainings after every epoch of theirs."""

import dataclasses
import math

import numpy as np
import pytest

from core.analysis.coach import Curves, advise
from core.analysis.coach_curves import Change
from core.analysis.coach_sight import half_interval
from core.analysis.scores import interval
from core.training.schedules import SCHEDULES
from tests.core.analysis.coach_runs import Said, contradictions
from tests.helpers import assert_one_sentence

GUESS = math.log(10)
LONGEST = 115  # letters of what must fit into one line


def curves(epochs=10, schedule="constant", planned=0, **changes):
    """A training that goes well: losses fall, accuracy rises, 6,000 validation images."""
    x = np.arange(1, epochs + 1)
    planned = planned or epochs
    schedule, memory = SCHEDULES.parse(schedule), {}
    values = {
        "train_loss": 0.1 + 2 * np.exp(-x / 4),
        "train_accuracy": 1 - 0.5 * np.exp(-x / 4),
        "val_loss": 0.15 + 2 * np.exp(-x / 4),
        "val_accuracy": 1 - 0.5 * np.exp(-x / 4),
        "seconds": np.full(epochs, 3.0),
        "share": np.array([schedule.factor(epoch - 0.5, planned, memory) for epoch in x]),
        "next_share": np.array([schedule.factor(min(epoch + 0.5, planned - 0.01), planned, memory) for epoch in x]),
        "last_share": np.full(epochs, schedule.last_factor(0, planned, memory)),
        "classes": 10,
        "train_images": 54_000,
        "val_images": 6000,
        "planned": planned,
        "learning_rate": 0.001,
        "usual_learning_rate": 0.001,
        "chance_loss": GUESS,
        **changes,
    }
    return Curves(
        **{name: tuple(value.tolist()) if isinstance(value, np.ndarray) else value for name, value in values.items()}
    )


def kind(curve):
    advice = advise(curve)
    return advice.kind if advice else None


X = np.arange(1, 13)
OVERFIT = {
    "train_loss": 2 * np.exp(-X / 3),
    "val_loss": np.where(X <= 6, 0.2 + 1.5 * np.exp(-X / 3), 0.2 + 1.5 * np.exp(-2) + 0.05 * (X - 6)),
    "val_accuracy": 0.9 - 0.5 * np.exp(-X / 2),
}
Y = np.arange(1, 25)
FLAT = {
    "train_loss": 0.3 + 2 * np.exp(-Y),
    "val_loss": 0.35 + 2 * np.exp(-Y),
    "val_accuracy": 0.9 - 0.5 * np.exp(-Y),
}
NOTHING = {
    "train_loss": np.full(10, GUESS),
    "val_loss": np.full(10, GUESS),
    "train_accuracy": np.full(10, 0.1),
    "val_accuracy": np.full(10, 0.101),
}
GROWS = {"train_loss": np.array([2.0, 1.0, 0.6, 0.9, 1.9, 3.4]), "epochs": 6}
JUMP = {
    "train_loss": np.array([1.0, 0.5, 0.3, 0.2, 3.0, 2.4]),
    "val_loss": np.array([1.0, 0.5, 0.3, 0.2, 2.5, 2.4]),
    "changes": (Change(5, 0.001, 0.3),),
    "learning_rate": 0.3,
    "epochs": 6,
}
KINDS = {
    "still_learning": {},
    "memorising": OVERFIT,
    "levelling_off": FLAT,
    "waiting": {**FLAT, "schedule": "cosine", "planned": 60},
    "diverging": GROWS,
    "jumped": JUMP,
    "guessing": {**NOTHING, "learning_rate": 0.002},
    "rate_too_small": {**NOTHING, "learning_rate": 1e-6},
    "rate_too_large": {**NOTHING, "learning_rate": 0.5},
    "slow": {"seconds": np.array([3.0] * 7 + [9.0, 9.5, 9.2])},
    "few_val_images": {"val_images": 60, "val_accuracy": np.full(10, 0.7)},
    "short": {"epochs": 1, "end": "finished"},
}


def of_kind(name, **more):
    settings = {**KINDS[name], **more}
    epochs = settings.pop("epochs", len(settings.get("train_loss", range(10))))
    return curves(epochs, **settings)


@pytest.mark.parametrize("ended", ["", "finished"])
@pytest.mark.parametrize("expected", KINDS)
def test_every_kind_of_curve_is_recognised(expected, ended):
    if expected in ("slow", "waiting") and ended:
        return
    advice = advise(of_kind(expected, **({"end": ended} if ended else {})))
    assert advice.kind == expected
    assert_one_sentence(advice.sentence)
    assert len(advice.sentence) <= LONGEST
    assert any(letter.isdigit() for letter in advice.evidence), "numbers, not opinions"
    does = advice.changes or advice.more_epochs or advice.stop or advice.learning_rate
    assert bool(advice.remedy) == bool(does), "a button that does something"


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.02, 0.1])
@pytest.mark.parametrize("seed", range(10))
def test_noise_turns_no_good_training_into_an_alarm(noise, seed):
    random = np.random.default_rng(seed)
    good = curves(30)
    shaken = {
        name: tuple(value * (1 + noise * random.standard_normal()) for value in getattr(good, name))
        for name in ("train_loss", "val_loss", "seconds")
    }
    said = []
    for epochs in range(1, 31):
        columns = ("train_accuracy", "val_accuracy", "share", "next_share", "last_share")
        cut = {name: values[:epochs] for name, values in shaken.items()}
        cut |= {name: getattr(good, name)[:epochs] for name in columns}
        said.append(Said(epochs, advise(dataclasses.replace(good, **cut))))
        assert said[-1].advice is None or said[-1].advice.kind in ("still_learning", "slowing", "levelling_off"), epochs
    assert not contradictions(said, shaken["val_loss"])


@pytest.mark.parametrize("epochs", [0, 1])
def test_before_the_second_epoch_it_is_silent(epochs):
    assert advise(curves(epochs)) is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy", "seconds"])
def test_numbers_that_are_none_leave_it_silent(name, value):
    values = np.array(getattr(curves(), name))
    values[3] = value
    assert advise(curves(**{name: values})) is None


def test_memorising_names_the_epoch_and_offers_what_is_not_on_yet():
    advice = advise(of_kind("memorising", planned=20))
    assert "since epoch 6" in advice.sentence
    assert set(advice.changes) == {"augmentation.shift", "augmentation.rotation"}
    augmented = advise(of_kind("memorising", planned=20, can_augment=False))
    assert augmented.kind == "memorising" and not augmented.changes and augmented.stop
    assert not advise(of_kind("memorising", can_augment=False, end="finished")).stop


def test_worse_on_the_training_pictures_than_on_others_is_no_memorising():
    assert kind(curves(12, **{**OVERFIT, "train_loss": OVERFIT["train_loss"] + 1})) != "memorising"


def test_a_single_bad_epoch_is_no_memorising():
    values = np.array(curves().val_loss)
    values[-1] *= 1.5
    assert kind(curves(val_loss=values)) != "memorising"


def test_the_end_of_a_run_that_still_learns_offers_more_epochs():
    assert advise(curves(end="finished")).more_epochs == 5
    assert advise(curves()).more_epochs == 0
    stopped = advise(curves(planned=20, end="stopped"))
    assert "stopped" in stopped.sentence and not stopped.remedy


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", {"name": "step", "every": 3}])
def test_after_a_rate_that_ran_out_more_epochs_need_a_new_schedule(schedule):
    advice = advise(curves(schedule=schedule, end="finished"))
    assert "new schedule" in advice.sentence
    assert not advice.more_epochs and advice.changes == {"training.epochs": 20}


def test_a_flat_stretch_at_a_high_rate_is_no_reason_to_stop():
    running = advise(of_kind("waiting"))
    assert not running.stop and not running.remedy
    assert "before the schedule" in advise(of_kind("waiting", end="stopped")).sentence


def test_levelling_off_stops_only_what_runs_for_long():
    assert advise(of_kind("levelling_off", planned=60)).stop
    assert not advise(of_kind("levelling_off", planned=25)).stop, "it is nearly done"
    ended = advise(of_kind("levelling_off", end="finished"))
    assert ended.kind == "levelling_off" and not ended.stop and not ended.remedy


def test_diverging_asks_for_a_tenth():
    assert advise(of_kind("diverging", learning_rate=0.5)).changes == {"optimizer.learning_rate": 0.05}


def test_a_jump_is_taken_back_while_it_runs_and_begun_anew_after():
    advice = advise(of_kind("jumped"))
    assert "from 0.2 to 3 when the learning rate became 0.3" in advice.sentence
    assert advice.learning_rate == 0.001
    lowered = advise(of_kind("jumped", learning_rate=0.0005))
    assert "not recovered" in lowered.sentence and lowered.changes == {"optimizer.learning_rate": 0.001}
    assert "never recovered" in advise(of_kind("jumped", end="finished")).sentence


def test_guessing_with_the_usual_learning_rate_offers_nothing():
    advice = advise(of_kind("guessing", learning_rate=0.001))
    assert advice.kind == "guessing" and not advice.remedy
    assert "learned nothing" in advise(of_kind("guessing", end="finished")).sentence


def test_guessing_of_two_classes_is_half():
    flat = {**NOTHING, "train_loss": np.full(10, math.log(2)), "val_loss": np.full(10, math.log(2)), "classes": 2}
    flat |= {"chance_loss": math.log(2), "train_accuracy": np.full(10, 0.5)}
    assert kind(curves(**{**flat, "val_accuracy": np.full(10, 0.505)})) == "guessing"
    assert kind(curves(**{**flat, "val_accuracy": np.full(10, 0.60)})) != "guessing"


def test_a_loss_beyond_guessing_is_told_after_the_first_epoch():
    bad = {"train_loss": np.array([40.0]), "val_loss": np.array([9.0]), "val_accuracy": np.array([0.12])}
    assert kind(curves(1, **bad, train_accuracy=np.array([0.11]), planned=10, learning_rate=1.0)) == "rate_too_large"
    assert kind(curves(0, has_exploded=True, end="failed", learning_rate=1.0)) == "rate_too_large"


def test_slow_motion_is_not_slow():
    seconds = np.array([3.0] * 7 + [9.0, 9.5, 9.2])
    assert kind(curves(seconds=seconds, epoch_seconds=3.0)) == "still_learning"
    assert kind(curves(seconds=seconds / 10)) == "still_learning", "short epochs vary by chance"
    assert kind(curves(seconds=seconds, end="finished")) != "slow"


@pytest.mark.parametrize("images", [1, 40, 149, 10_000])
@pytest.mark.parametrize("accuracy", [0.0, 0.5, 1.0])
def test_an_accuracy_comes_with_its_interval(images, accuracy):
    advice = advise(curves(val_images=images, val_accuracy=np.full(10, accuracy)))
    low, high = interval(round(accuracy * images), images)
    for share in (low, high):
        assert f"{share * 100:.1f}\u202f%" in advice.evidence or share * 100 < 0.1 or 99.9 < share * 100 < 100
    assert images > 1 or "100.0\u202f% to 100.0\u202f%" not in advice.evidence


@pytest.mark.parametrize(
    ("train", "val", "accuracy", "can", "share"),
    [
        (540, 60, 0.9, True, 0.3),  # 180 instead of 60
        (285, 15, 0.9, True, 0.3),  # no more than that is taken from what is learned from
        (331 - 149, 149, 0.8, True, None),  # what may be held back is less
        (30, 30, 0.9, True, None),
        (540, 60, 0.9, False, None),  # the validation pictures were brought as such
    ],
)
def test_what_is_advised_against_few_validation_pictures_gives_more_of_them(train, val, accuracy, can, share):
    accuracy = np.full(10, accuracy)
    advice = advise(curves(train_images=train, val_images=val, can_hold_back=can, val_accuracy=accuracy))
    assert advice.kind == "few_val_images"
    if share is None:
        assert not advice.changes and "bring more" in advice.evidence
    else:
        assert advice.changes == {"training.validation_share": share}
        assert share * (train + val) > 1.3 * val


def test_enough_validation_pictures_are_those_that_measure_sharply():
    assert half_interval(0.9, 60) > 0.07 > 0.03 > half_interval(0.9, 500)
    assert kind(curves(val_images=500)) == "still_learning"


# real trainings


def test_a_run_that_was_stopped_after_its_first_of_many_epochs_is_offered_no_longer_plan():
    """Five epochs more than planned are nine from there on, not five."""
    assert advise(of_kind("short")).more_epochs == 5
    stopped = advise(of_kind("short", end="stopped", planned=5))
    assert stopped.kind == "short" and not stopped.remedy and not stopped.more_epochs
