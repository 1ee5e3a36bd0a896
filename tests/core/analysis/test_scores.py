"""Scores against scikit-learn's."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.scores import interval, right_of, scores


def check(true, predicted, classes):
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    names = tuple(f"class {index}" for index in range(classes))
    labels = list(range(classes))
    confusion = confusion_matrix(true, predicted, labels=labels)
    report = scores(confusion, names)
    each = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    known = sorted(set(true))  # of a class without true images nothing can be known
    macro = precision_recall_fscore_support(true, predicted, labels=known, zero_division=0, average="macro")
    assert report["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert [report[key] for key in ("precision", "recall", "f1")] == pytest.approx(macro[:3])
    assert [entry["class"] for entry in report["per_class"]] == list(names)
    assert report["classes_known"] == len(known)
    assert [entry["images"] for entry in report["per_class"]] == list(each[3])
    for position, key in enumerate(("precision", "recall", "f1")):
        found = [entry[key] for entry in report["per_class"]]
        assert [found[label] for label in known] == pytest.approx([each[position][label] for label in known])
        assert all(value is None for label, value in enumerate(found) if label not in known)
    assert report["confusion_matrix"] == confusion.tolist()
    assert report["images"] == len(true)
    assert json.loads(json.dumps(report)) == report


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.data())
def test_scores_are_those_of_scikit_learn(classes, data):
    pairs = data.draw(st.lists(st.tuples(*[st.integers(0, classes - 1)] * 2), min_size=1, max_size=60))
    true, predicted = zip(*pairs, strict=True)
    check(true, predicted, classes)


@pytest.mark.parametrize(
    ("true", "predicted"),
    [([0, 0, 1, 1], [0, 0, 0, 0]), ([0, 0], [1, 1]), ([0, 1, 3], [0, 2, 3]), ([2], [2]), ([0, 1, 2, 3], [0, 1, 2, 3])],
    ids=["never predicted", "never true", "absent", "one image", "perfect"],
)
def test_absent_classes_are_unknown_and_left_out(true, predicted):
    check(true, predicted, 4)


def test_rows_are_true_and_columns_predicted():
    report = scores(np.array([[8, 2], [1, 9]]), ("cat", "dog"))
    assert report["per_class"][0]["recall"] == pytest.approx(8 / 10)
    assert report["per_class"][0]["precision"] == pytest.approx(8 / 9)


@pytest.mark.parametrize("images", [1, 10, 360, 10_000])
@pytest.mark.parametrize("share", [0, 0.5, 0.98, 1])
def test_the_interval_is_that_of_scipy(share, images):
    from scipy.stats import binomtest

    right = round(share * images)
    expected = binomtest(right, images).proportion_ci(0.95, method="wilson")
    assert interval(right, images) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_no_picture_says_nothing_and_a_damaged_count_does_not_fall_over():
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(7, 5) == interval(5, 5) and interval(-1, 5) == interval(0, 5)


@pytest.mark.parametrize(
    ("test", "measured"),
    [
        ({"confusion_matrix": [[3, 1], [0, 2]], "images": 6, "test/accuracy": 5 / 6}, (5, 6)),
        ({"confusion_matrix": [], "images": 60, "test/accuracy": 0.95}, (57, 60)),
        ({"images": 60, "test/accuracy": 0.0}, (0, 60)),
        ({"images": 60, "test/accuracy": None}, None),
        ({"images": 60}, None),
        ({"test/accuracy": 0.9}, None),
    ],
)
def test_what_a_report_does_not_say_is_unknown_and_not_0(test, measured):
    assert right_of(test) == measured
