"""A last layer in closed form, and how well it does."""

import numpy as np

from core.image_analysis.ridge import folds_in_order, learn


def test_held_out_pictures_are_judged_by_heads_that_did_not_learn_them():
    """Labels by chance: a head that knew the pictures would read nearly all."""
    random = np.random.default_rng(0)
    rows, codes = random.normal(size=(60, 200)).astype(np.float32), np.arange(60) % 2
    head, said = learn(rows, codes, folds_in_order(codes, np.arange(60)))
    assert (said == codes).mean() < 0.75
    assert (head.probabilities(rows).argmax(1) == codes).mean() > 0.95


def test_of_few_pictures_that_are_all_read_right_it_is_not_wholly_sure():
    for count, least, most in ((10, 0.7, 0.97), (400, 0.98, 0.9999)):
        codes = np.arange(count) % 2
        rows = np.stack([codes, 1 - codes, np.random.default_rng(0).normal(size=count)], axis=1).astype(np.float32)
        head, said = learn(rows, codes, folds_in_order(codes, np.arange(count)))
        assert (said == codes).all()
        assert least < head.probabilities(rows).max(1).mean() < most


def test_a_burst_of_photos_and_look_alikes_are_held_out_together():
    codes = np.repeat([0, 1], 20)
    groups = np.arange(40)
    groups[[0, 19]] = 99  # look alike, far apart
    folds = folds_in_order(codes, groups)
    assert folds[0] == folds[19] and set(folds) == set(range(5))
    assert folds[4:8].tolist() == [1, 1, 1, 1], "neighbours are together"


def test_a_small_class_is_not_drowned_by_a_large_one():
    random = np.random.default_rng(1)
    codes = np.array([0] * 95 + [1] * 5)
    rows = (random.normal(size=(100, 20)) + 0.8 * codes[:, None]).astype(np.float32)
    head, _ = learn(rows, codes, folds_in_order(codes, np.arange(100)))
    fresh = (random.normal(size=(200, 20)) + 0.8).astype(np.float32)
    assert (head.probabilities(fresh).argmax(1) == 1).mean() > 0.6
