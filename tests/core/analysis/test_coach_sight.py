"""What the coach sees from epoch to epoch of many real runs: it never contradicts itself."""

import numpy as np
import pytest

from core.analysis.coach import advise
from core.analysis.coach_sight import sights
from tests.core.analysis.coach_runs import NAMES, Said, contradictions, prefixes, told, turned
from tests.core.analysis.test_coach import LONGEST, curves, of_kind
from tests.helpers import assert_one_sentence


@pytest.fixture(scope="module")
def said():
    """What the coach says of each recorded run, once."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = told(name)
        return found[name]

    return of


def latest(name):
    *_, last = prefixes(name)
    return last


def kinds(moments, first=0, last=10_000):
    return {moment.advice.kind for moment in moments if moment.advice and first <= moment.epoch <= last}


def test_there_are_histories_of_many_real_runs():
    assert len(NAMES) >= 25
    assert sum(latest(name).epochs for name in NAMES) > 1000


@pytest.mark.parametrize("name", NAMES)
def test_it_never_contradicts_itself_unless_the_curve_turned(name, said):
    assert contradictions(said(name), latest(name).val_loss) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_fits_into_a_line(name, said):
    for moment in said(name):
        if moment.advice:
            assert_one_sentence(moment.advice.sentence)
            assert len(moment.advice.sentence) <= LONGEST


@pytest.mark.parametrize("name", NAMES)
def test_what_was_seen_at_an_epoch_is_seen_by_whoever_comes_later(name):
    whole = sights(latest(name))
    for curve in prefixes(name):
        if curve.epochs and curve.epochs % 7 == 1:
            assert sights(curve)[-1] == whole[curve.epochs - 1]


@pytest.mark.parametrize("name", NAMES)
def test_more_epochs_are_never_promised_by_a_rate_that_ran_out(name, said):
    schedule = latest(name).share[-1] / max(latest(name).share) if latest(name).epochs else 1
    for moment in said(name):
        if moment.advice and moment.advice.more_epochs:
            assert schedule > 0.1, moment.advice.sentence


FINDS = {  # name -> what must be among what is said in which epochs, and what must not
    "digits_heavy_augmentation": [(5, 60, {"still_learning"}, {"levelling_off", "memorising", "slow"})],
    "digits_slow_motion": [(5, 40, {"still_learning"}, {"slow"})],
    "held_out_twenty_of_each": [(20, 27, set(), {"slowing", "still_learning"}), (29, 60, {"memorising"}, {"slowing"})],
    "held_out_transfer": [(2, 30, {"few_val_images"}, {"still_learning"})],
    "held_out_smoothed_cosine": [(3, 20, {"still_learning"}, {"levelling_off", "memorising"})],
    "held_out_deep_cnn": [(12, 23, {"still_learning"}, {"levelling_off", "memorising"})],
    "digits_cosine": [(5, 59, {"still_learning"}, {"levelling_off"})],
    "digits_cosine_high": [(1, 80, {"still_learning"}, {"levelling_off"})],
    "digits_one_cycle": [(1, 25, {"still_learning"}, {"levelling_off"})],
    "digits_steps_late": [(30, 49, {"waiting"}, {"levelling_off"})],
    "digits_constant_long": [(5, 50, {"still_learning"}, {"levelling_off"}), (140, 150, {"memorising"}, set())],
    "digits_sgd_rate_5": [(1, 30, {"rate_too_large"}, {"still_learning", "levelling_off", "slowing"})],
    "digits_adam_rate_1": [(1, 12, {"rate_too_large"}, {"still_learning", "levelling_off", "slowing"})],
    "digits_no_numbers": [(0, 0, {"rate_too_large"}, set())],
    "digits_rate_tiny": [(3, 15, {"rate_too_small"}, {"levelling_off", "still_learning"})],
    "digits_rate_raised": [
        (5, 16, {"still_learning"}, {"jumped"}),
        (17, 50, {"jumped"}, {"levelling_off", "still_learning"}),
    ],
    "digits_rate_lowered": [(1, 60, {"still_learning"}, {"jumped"})],
    "digits_fast_start": [(1, 25, {"levelling_off"}, {"memorising"})],
    "digits_lengthened": [(5, 20, {"still_learning"}, {"levelling_off"})],
    "digits_one_epoch": [(1, 1, {"short"}, set())],
    "digits_two_epochs": [(2, 2, {"still_learning"}, set())],
    "digits_three_epochs": [(2, 3, {"still_learning"}, set())],
    "mnist_fast": [(1, 1, {"short"}, set())],
    "mnist_mlp": [(3, 10, {"still_learning"}, {"levelling_off"})],
    "own_one_validation_picture": [(2, 40, {"few_val_images"}, {"still_learning", "levelling_off", "memorising"})],
    "own_few_validation_pictures": [(2, 40, {"few_val_images"}, {"still_learning", "levelling_off"})],
    "own_wrong_labels": [(40, 60, {"memorising"}, {"still_learning"})],
}


@pytest.mark.parametrize("name", FINDS)
def test_what_there_is_to_see_is_seen(name, said):
    for first, last, must, must_not in FINDS[name]:
        found = kinds(said(name), first, last)
        assert must <= found and not must_not & found


def test_a_curve_turns_when_it_changes_its_direction_and_not_when_it_gets_slower():
    random = np.random.default_rng(0)
    falling = 2 * np.exp(-np.arange(20) / 8) * np.exp(0.02 * random.normal(size=20))
    slower = np.concatenate([falling, falling[-1] * np.exp(0.02 * random.normal(size=10))])
    rising = np.concatenate([falling, falling[-1] * np.exp(0.05 * np.arange(1, 11))])
    again = np.concatenate([slower, slower[-1] * np.exp(-0.1 * np.arange(1, 11))])
    assert not turned(tuple(falling), 12, 20, True)
    assert not turned(tuple(slower), 19, 29, True)
    assert turned(tuple(rising), 19, 28, True)
    assert turned(tuple(again), 28, 38, False)


def test_contradictions_are_found():
    calm = tuple(2 * np.exp(-np.arange(30) / 10))
    better, flat = advise(curves()), advise(of_kind("levelling_off", planned=60))
    assert contradictions([Said(10, better), Said(20, flat)], calm)
    assert contradictions([Said(10, flat), Said(11, better)], calm)
    assert not contradictions([Said(10, better), Said(21, flat)], calm)
