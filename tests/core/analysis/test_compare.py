"""Is one run better than another, or just luckier?"""

import numpy as np
import pytest

from core.analysis.compare import Difference, differences, in_words, over_seeds, paired, unpaired
from tests.helpers import assert_one_sentence, quick_config


def right(share, images=10_000, seed=0):
    return np.random.default_rng(seed).random(images) < share


def test_a_clear_difference_is_larger_than_luck():
    difference = unpaired(0.976, 0.989, 10_000, 10_000)
    assert difference.is_real and difference.gain == pytest.approx(0.013)
    assert 0.003 < difference.margin < 0.004


def test_a_small_difference_on_few_images_is_not():
    assert not unpaired(0.90, 0.92, 100, 100).is_real


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (3, 12), (40, 40), (300, 261), (4900, 5100)])
def test_how_likely_it_is_by_luck_is_what_scipys_exact_test_says(won, lost):
    from scipy.stats import binomtest

    first, second = np.arange(20_000) < lost, np.arange(20_000) >= 20_000 - won
    expected = binomtest(won, won + lost).pvalue if won + lost else 1
    assert paired(first, second).chance == pytest.approx(expected, rel=1e-9)


def test_equal_runs_are_called_different_as_rarely_as_promised():
    calls = [paired(right(0.95, 2000, 2 * seed), right(0.95, 2000, 2 * seed + 1)).is_real for seed in range(400)]
    assert 0.01 < np.mean(calls) < 0.09
    calls = [
        unpaired(right(0.95, 2000, 2 * seed).mean(), right(0.95, 2000, 2 * seed + 1).mean(), 2000, 2000).is_real
        for seed in range(400)
    ]
    assert 0.01 < np.mean(calls) < 0.09


def test_the_margin_holds_the_truth_19_times_of_20():
    truth, held = 0.03, 0
    for seed in range(300):
        difference = paired(right(0.90, 1000, 2 * seed), right(0.93, 1000, 2 * seed + 1))
        held += abs(difference.gain - truth) <= difference.margin
    assert 0.91 < held / 300 < 0.98


def test_the_same_images_tell_more_than_different_ones():
    first = right(0.95)
    second = first.copy()
    second[np.flatnonzero(~first)[:40]] = True  # right where the other is, and 40 times more
    alone = unpaired(first.mean(), second.mean(), 10_000, 10_000)
    together = paired(first, second)
    assert together.is_real and not alone.is_real and together.margin < alone.margin


def test_mcnemar_as_in_the_book():
    """Agresti's approval ratings (Categorical Data Analysis, table 11.1): 150 and 86 changed their mind; z = 4.17."""
    first = np.array([True] * 794 + [True] * 150 + [False] * 86 + [False] * 570)
    second = np.array([True] * 794 + [False] * 150 + [True] * 86 + [False] * 570)
    difference = paired(first, second)
    assert difference.gain == pytest.approx(-0.04)
    assert difference.chance == pytest.approx(3.7e-5, rel=0.1)
    assert difference.margin == pytest.approx(1.96 * 0.0095, rel=0.01)


def test_networks_that_answer_alike_differ_by_nothing():
    difference = paired(right(0.9), right(0.9))
    assert (difference.gain, difference.chance, difference.margin) == (0, 1, 0)


def test_over_seeds_the_spread_of_the_seeds_counts():
    assert over_seeds([0.970, 0.972, 0.971], [0.980, 0.981, 0.982], 10_000).is_real
    assert not over_seeds([0.95, 0.99, 0.96], [0.98, 0.95, 0.985], 10_000).is_real
    same = over_seeds([0.97, 0.97], [0.97, 0.97], 10_000)
    assert not same.is_real and same.gain == 0


@pytest.mark.parametrize(
    ("difference", "parts"),
    [
        (Difference(0.976, 0.989, 10_000, 0.004, 0.001, True), ["B is 1.3 points better than A", "98.9 against 97.6 %"]),
        (Difference(0.976, 0.989, 10_000, 0.004, 0.001, True), ["larger than luck, ±0.4"]),
        (Difference(0.989, 0.976, 10_000, 0.004, 0.001, True), ["A is 1.3 points better than B"]),
        (Difference(0.90, 0.91, 100, 0.08, 0.8, False), ["B is 1.0 points ahead of A, which may be luck", "±8.0"]),
        (Difference(0.9, 0.9, 100, 0.08, 1.0, False), ["A and B are equally good"]),
        (Difference(0.9900, 0.9997, 10_000, 0.004, 0.001, True), ["99.9 against 99.0 %"]),  # never 100 of what is not all
        (Difference(0.9900, 0.9905, 10_000, 0.003, 0.7, True), ["0.05 points ahead", "99.05 against 99.00"]),
    ],
)  # fmt: skip
def test_the_sentence(difference, parts):
    assert_one_sentence(in_words(difference, "A", "B"), *parts)


def test_differences_are_named_once_each_in_the_order_of_the_form():
    one = quick_config(optimizer={"name": "sgd", "learning_rate": 0.1}, batch_size=32)
    two = quick_config(optimizer={"name": "adam", "learning_rate": 0.1}, batch_size=64)
    found = {setting.path: setting.values for setting in differences([one, two])}
    assert list(found) == ["optimizer", "optimizer.momentum", "optimizer.nesterov", "training.batch_size"]
    assert found["optimizer"] == ("sgd", "adam") and found["training.batch_size"] == (32, 64)
    assert found["optimizer.momentum"] == (0.9, None), "Adam has none"


def test_equal_settings_differ_in_nothing_whatever_their_titles():
    assert differences([quick_config(title="One"), quick_config(title="Two")]) == []
