"""What a network gets wrong, from its predictions: which pictures, which classes, and how far its confidence can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.runs.predictions import Predictions

BINS = 10  # of the reliability curve


def confusion(predictions: Predictions) -> np.ndarray:
    """(classes, classes) int64, rows true, columns predicted."""
    classes = predictions.logits.shape[1]
    cells = np.bincount(predictions.labels * classes + predictions.predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def in_cell(predictions: Predictions, true: int, predicted: int) -> np.ndarray:
    """The pictures behind a cell of the confusion matrix, most confident first: places (k,) int64."""
    places = np.flatnonzero((predictions.labels == true) & (predictions.predicted == predicted))
    return _most_confident(predictions, places)


def worst(predictions: Predictions) -> np.ndarray:
    """The mistakes, most confident first: places (k,) int64."""
    return _most_confident(predictions, np.flatnonzero(~predictions.right))


def best_of_each_class(predictions: Predictions, most: int = 1) -> list[np.ndarray]:
    """For each class so many of its pictures that are recognised most confidently, (k,) int64; where fewer are, those."""
    return [
        _most_confident(predictions, np.flatnonzero((predictions.labels == label) & predictions.right))[:most]
        for label in range(predictions.logits.shape[1])
    ]


def confused_pairs(matrix: np.ndarray, most: int = 3) -> list[tuple[int, int, int]]:
    """(one class, another, pictures of either taken for the other), the commonest first."""
    both = np.triu(matrix + matrix.T, k=1)
    order = np.argsort(-both, axis=None, kind="stable")[:most]
    pairs = [(int(place // len(matrix)), int(place % len(matrix))) for place in order]
    return [(one, other, int(both[one, other])) for one, other in pairs if both[one, other]]


def commonest_mistakes(matrix: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """(true class, what it was taken for, pictures), the commonest first."""
    wrong = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    cells = [divmod(int(place), len(matrix)) for place in np.argsort(-wrong, axis=None, kind="stable")[:most]]
    return [(true, predicted, int(wrong[true, predicted])) for true, predicted in cells if wrong[true, predicted]]


def most_confused(matrix: np.ndarray, most: int) -> list[int]:
    """So many classes of a confusion matrix (classes, classes), those of the commonest pairs first; then the ones
    with the most pictures."""
    places = [place for one, other, _ in confused_pairs(matrix, most * most) for place in (one, other)]
    places += np.argsort(-matrix.sum(axis=1), kind="stable").tolist()
    return list(dict.fromkeys(places))[:most]


@dataclass(frozen=True)
class Reliability:
    """How often a network is right when it says it is so and so sure."""

    confidence: np.ndarray  # (b,) mean of each bin that holds pictures
    accuracy: np.ndarray  # (b,)
    pictures: np.ndarray  # (b,) int64
    error: float  # expected calibration error, 0..1: mean distance of the two, weighted by pictures


def reliability(predictions: Predictions, bins: int = BINS) -> Reliability:
    """Reliability curve in bins of equal width (Guo et al. 2017, arXiv:1706.04599)."""
    bin_of = np.minimum((predictions.confidence * bins).astype(int), bins - 1)
    pictures = np.bincount(bin_of, minlength=bins)
    said = np.bincount(bin_of, weights=predictions.confidence, minlength=bins)
    right = np.bincount(bin_of, weights=predictions.right, minlength=bins)
    held = pictures > 0
    confidence, accuracy = said[held] / pictures[held], right[held] / pictures[held]
    error = float((np.abs(confidence - accuracy) * pictures[held]).sum() / max(1, pictures.sum()))
    return Reliability(confidence, accuracy, pictures[held], error)


def _most_confident(predictions: Predictions, places: np.ndarray) -> np.ndarray:
    return places[np.argsort(-predictions.confidence[places], kind="stable")]
