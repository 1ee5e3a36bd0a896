"""What the best network said of every picture, kept in half precision."""

import numpy as np
import pytest

from core.runs.predictions import Predictions, read_predictions, write_predictions
from core.runs.store import Run


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def some(count=500, classes=10):
    logits = np.random.default_rng(0).normal(scale=4, size=(count, classes)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, classes, count)
    return Predictions(logits - logits.max(axis=1, keepdims=True), labels, np.arange(count) * 2)


def test_what_is_read_says_the_same_as_what_was_written(run):
    written = some()
    write_predictions(run, "test", written)
    found = read_predictions(run, "test")
    assert np.array_equal(found.predicted, written.predicted) and np.array_equal(found.right, written.right)
    assert np.array_equal(found.rows, written.rows)
    assert np.abs(found.probabilities - written.probabilities).max() < 2e-3
    assert np.allclose(found.probabilities.sum(axis=1), 1) and np.allclose(
        found.confidence, found.probabilities.max(axis=1)
    )
    assert read_predictions(run, "val") is None


def test_a_near_tie_keeps_its_winner(run):
    logits = np.array([[-1e-6, 0.0, -9.0]], np.float32)
    write_predictions(run, "val", Predictions(logits, np.array([1]), np.array([0])))
    assert read_predictions(run, "val").predicted.tolist() == [1]


@pytest.mark.parametrize("damage", ["missing", "torn", "labels", "length"])
def test_a_damaged_file_is_none(run, damage):
    path = run.folder / "test_predictions.npz"
    good = some()
    if damage == "torn":
        write_predictions(run, "test", good)
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "labels":
        write_predictions(run, "test", Predictions(good.logits, good.labels + 5, good.rows))
    elif damage == "length":
        write_predictions(run, "test", Predictions(good.logits, good.labels[:-1], good.rows))
    assert read_predictions(run, "test") is None
