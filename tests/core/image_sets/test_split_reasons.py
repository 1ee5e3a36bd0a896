"""Each reason for which a part of a plan is empty or one-sided has its kind and stops a training or does not."""

import numpy as np
import pytest

from core.image_sets.split_reasons import reasons
from core.image_sets.splitting import TEST, TRAIN, VAL, Rows, plan_of
from tests.helpers import assert_one_sentence

A, B = (0,), (1,)


def told(*pictures: tuple[int, int, int]):
    """Of (class, declared, how many)."""
    labels = np.concatenate([np.full(count, label) for label, _, count in pictures])
    declared = np.concatenate([np.full(count, part, np.int8) for _, part, count in pictures])
    rows = Rows(labels, declared)
    return reasons(rows, plan_of(rows, 2, 0.2, 0), ("mug", "pen"))


ALL = ((0, TRAIN, 10), (1, TRAIN, 10))
CASES = [
    ((*ALL, (0, TEST, 3), (1, TEST, 3)), []),
    ((*ALL,), [("test", True)]),
    ((*ALL, (0, TEST, 3)), [("test", False)]),
    ((*ALL, (0, VAL, 2), (0, TEST, 3), (1, TEST, 3)), [("validation", True)]),
    (((0, TRAIN, 10), (0, TEST, 3)), [("training", True), ("validation", True), ("test", False)]),
    (((0, TRAIN, 10), (1, TEST, 3), (0, TEST, 3)), [("training", True), ("validation", True), ("unlearned", False)]),
]


@pytest.mark.parametrize(("pictures", "expected"), CASES)
def test_what_is_told_and_whether_it_stops(pictures, expected):
    found = told(*pictures)
    assert [(each.kind, each.stops) for each in found] == expected
    for each in found:
        assert_one_sentence(each.sentence)
