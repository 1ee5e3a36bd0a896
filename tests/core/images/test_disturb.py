"""Disturbances: nothing at no strength, more at more, and each does what its name says."""

import numpy as np
import pytest

from core.images.disturb import DISTURBANCES, NOTHING, disturbed
from tests.drawings import draw_digit


@pytest.fixture
def three():
    from core.images.ink import prepare_ink

    return prepare_ink(draw_digit(3))[None]  # (1, 1, 28, 28)


@pytest.mark.parametrize("name", list(DISTURBANCES))
def test_at_no_strength_nothing_changes_and_at_full_strength_something(name, three):
    one = DISTURBANCES[name]
    assert np.array_equal(disturbed(three, {name: NOTHING.get(name, 0.0)}), three)
    assert np.abs(one.apply(three, NOTHING.get(name, 0.0), np.random.default_rng(0)).astype(int) - three).max() <= 1
    strong = disturbed(three, {name: one.highest})
    assert strong.shape == three.shape and strong.dtype == np.uint8
    assert np.abs(strong.astype(int) - three).mean() > 5


def test_a_quarter_turn_moves_what_is_on_top_to_a_side():
    picture = np.zeros((1, 1, 9, 9), np.uint8)
    picture[0, 0, 1, 4] = 255
    turned = disturbed(picture, {"rotate": 90.0})
    row, column = np.unravel_index(turned[0, 0].argmax(), (9, 9))
    assert row == 4 and column in (1, 7) and turned.max() > 250


def test_shift_goes_to_the_right_and_size_grows(three):
    picture = np.zeros((1, 1, 11, 11), np.uint8)
    picture[0, 0, 4:7, 4:7] = 255
    moved = disturbed(picture, {"shift": 2 / 11})
    assert np.array_equal(moved[0, 0, 4:7, 6:9], picture[0, 0, 4:7, 4:7])
    assert (disturbed(picture, {"scale": 1.6}) > 127).sum() > (picture > 127).sum()
    assert (disturbed(three, {"thicken": 1.0}) > 127).sum() > (three > 127).sum()
    assert (disturbed(three, {"thicken": -1.0}) > 127).sum() < (three > 127).sum()


def test_inverting_wholly_is_the_negative(three):
    assert np.array_equal(disturbed(three, {"invert": 1.0}), 255 - three)


def test_noise_is_the_same_each_time(three):
    assert np.array_equal(disturbed(three, {"noise": 0.3}), disturbed(three, {"noise": 0.3}))
