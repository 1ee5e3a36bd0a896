"""Fewer points for a curve, extremes kept."""

import numpy as np
import pytest

from core.runs.thinning import LIMIT, thin, window


@pytest.mark.parametrize("count", [0, 1, 2, 1999, 2000, 2001, 4001, 100_000, 1_000_003])
def test_thinning_keeps_ends_and_extremes_within_the_limit(count):
    values = np.random.default_rng(0).normal(size=count)
    chosen = thin(values)
    assert len(chosen) <= LIMIT
    assert (np.diff(chosen) > 0).all()
    if count:
        assert {0, count - 1, values.argmin(), values.argmax()} <= set(chosen)


def test_thinning_keeps_every_lonely_spike():
    values = np.zeros(500_000)
    spikes = np.arange(777, 500_000, 1_000)
    values[spikes] = np.where(np.arange(len(spikes)) % 2, 5.0, -5.0)
    assert set(spikes) <= set(thin(values))


def test_thinning_keeps_the_best_epoch_also_where_it_is_no_extreme():
    values = np.sin(np.arange(50_000))
    keep = (12_345, 40_001)
    chosen = thin(values, keep=keep)
    assert set(keep) <= set(chosen)
    assert len(chosen) <= LIMIT


def test_thinning_sees_past_values_that_are_not_numbers():
    values = np.full(10_000, np.nan)
    values[5_003] = 2.0
    assert 5_003 in thin(values)


def test_the_window_has_a_point_more_on_either_side():
    x = np.arange(10.0)
    assert window(x, (3.5, 5.5)) == slice(3, 7)
    assert window(x, (5.5, 3.5)) == slice(3, 7)
    assert window(x, (-5, 50)) == slice(0, 10)
    assert window(x, None) == slice(0, 10)
