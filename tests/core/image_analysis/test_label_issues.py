"""Wrong labels planted among features are found, and few right ones are doubted."""

import numpy as np
import pytest

from core.image_analysis.label_issues import FOLDS, doubts_of, folds_by_class


def clouds(classes=3, each=80, spread=0.5, seed=0):
    """Features of classes that lie apart, with 5 % wrong labels; returns features, labels and the places of the wrong ones."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(classes), each)
    features = np.eye(classes, 40)[truth] * 3 + random.normal(0, spread, (len(truth), 40))
    wrong = random.choice(len(truth), len(truth) // 20, replace=False)
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + random.integers(1, classes, len(wrong))) % classes
    return features.astype(np.float32), labels, truth, set(wrong.tolist())


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_planted_labels_are_found_with_the_class_that_they_should_be(classes):
    features, labels, truth, wrong = clouds(classes)
    found = doubts_of(features, labels, np.arange(len(labels)))
    doubted = set(found.doubted.tolist())
    assert len(doubted & wrong) >= 0.9 * len(wrong) and len(doubted & wrong) >= 0.8 * len(doubted)
    assert all(found.says[place] == truth[place] for place in doubted & wrong)
    again = doubts_of(features, labels, np.arange(len(labels)))
    np.testing.assert_array_equal(found.doubted, again.doubted)


def test_right_labels_are_not_doubted():
    features, _, truth, _ = clouds()
    assert len(doubts_of(features, truth, np.arange(len(truth))).doubted) <= 0.01 * len(truth)


def test_a_copy_with_the_same_wrong_label_does_not_vouch_for_it():
    """Nothing but its own copy could say that such a picture is right: a feature of noise alone would be learned by heart."""
    features, labels, _, wrong = clouds(spread=0.3)
    copied = np.array(sorted(wrong))
    groups = np.concatenate([np.arange(len(labels)), copied])
    many = [np.concatenate([each, each[copied]]) for each in (features, labels)]
    found = doubts_of(*many, groups)
    assert set(copied.tolist()) <= set(found.doubted.tolist())


def test_groups_are_judged_together_and_classes_spread_over_the_folds():
    labels, groups = np.repeat([0, 1, 2], 50), np.arange(150) // 3
    fold = folds_by_class(labels, groups)
    assert all(len(set(fold[groups == group].tolist())) == 1 for group in np.unique(groups))
    for label in range(3):
        assert set(fold[labels == label].tolist()) == set(range(FOLDS))


def test_one_class_cannot_be_judged():
    with pytest.raises(ValueError):
        doubts_of(np.zeros((10, 4), np.float32), np.zeros(10, np.int64), np.arange(10))
