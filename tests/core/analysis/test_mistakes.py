"""What a network gets wrong, on predictions made by hand."""

import numpy as np
import pytest

from core.analysis.mistakes import best_of_each_class, confused_pairs, confusion, in_cell, reliability, worst
from core.runs.predictions import Predictions


def made(rows):
    """Predictions from (true class, probabilities)."""
    labels = np.array([label for label, _ in rows])
    shares = np.log(np.array([shares for _, shares in rows], dtype=np.float32))
    return Predictions(shares - shares.max(axis=1, keepdims=True), labels, np.arange(len(rows)))


SOME = made(
    [
        (0, (0.9, 0.05, 0.05)),
        (0, (0.6, 0.3, 0.1)),
        (0, (0.2, 0.7, 0.1)),
        (1, (0.1, 0.8, 0.1)),
        (1, (0.95, 0.04, 0.01)),
        (2, (0.55, 0.15, 0.3)),
    ]
)


def test_the_confusion_matrix_counts_pictures_by_true_row_and_predicted_column():
    assert confusion(SOME).tolist() == [[2, 1, 0], [1, 1, 0], [1, 0, 0]]


def test_a_cell_opens_its_pictures_most_confident_first():
    assert in_cell(SOME, 0, 0).tolist() == [0, 1]
    assert in_cell(SOME, 1, 0).tolist() == [4]
    assert in_cell(SOME, 2, 2).tolist() == []


def test_the_worst_mistakes_are_those_it_was_surest_of():
    assert worst(SOME).tolist() == [4, 2, 5]


def test_the_best_picture_of_each_class_is_recognised():
    assert [places.tolist() for places in best_of_each_class(SOME)] == [[0], [3], []]
    assert [places.tolist() for places in best_of_each_class(SOME, 2)] == [[0, 1], [3], []]


def test_pairs_count_both_directions():
    assert confused_pairs(confusion(SOME)) == [(0, 1, 2), (0, 2, 1)]
    assert confused_pairs(np.eye(3, dtype=int)) == []


def test_a_calibrated_network_has_next_to_no_calibration_error():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 200_000)
    right = random.random(200_000) < confidence
    logits = np.log(np.stack([confidence, 1 - confidence], axis=1)).astype(np.float32)
    honest = Predictions(logits - logits.max(axis=1, keepdims=True), (~right).astype(int), np.arange(200_000))
    found = reliability(honest)
    assert found.error < 0.01 and np.abs(found.confidence - found.accuracy).max() < 0.02
    assert found.pictures.sum() == 200_000


def test_a_network_that_is_too_sure_has_a_large_one():
    proud = made([(label, (0.99, 0.01)) for label in (0, 1) * 50])
    found = reliability(proud)
    assert found.error == pytest.approx(0.49, abs=1e-3)
    assert found.confidence.tolist() == pytest.approx([0.99]) and found.accuracy.tolist() == [0.5]
