"""Scores from a confusion matrix, and how sure a share is. What cannot be known is None, never 0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

SURE = NormalDist().inv_cdf(0.975)  # standard deviations on each side, between which 95 % lie


def interval(right: int, images: int) -> tuple[float, float]:
    """Between which shares, 0..1, the true accuracy lies with 95 % certainty, when so many of the images were right; of no
    image anything may be true.

    Wilson 1927, as recommended by Brown, Cai and DasGupta 2001 (doi:10.1214/ss/1009213286); as `scipy.stats.binomtest` says
    too, which takes half a second to import.
    """
    if images < 1:
        return 0.0, 1.0
    right = min(max(0, right), images)  # a log may say anything
    middle, half = right + SURE**2 / 2, SURE * math.sqrt(right * (images - right) / images + SURE**2 / 4)
    low, high = ((middle + side) / (images + SURE**2) for side in (-half, half))
    return low if right else 0.0, high if right < images else 1.0


def right_of(test: Mapping[str, Any]) -> tuple[int, int] | None:
    """(right, images) of a test's report, counted where its confusion matrix is there; None where neither that nor its
    accuracy is known."""
    matrix = test.get("confusion_matrix") or []
    if images := sum(map(sum, matrix)):
        return sum(row[place] for place, row in enumerate(matrix)), images
    accuracy, images = test.get("test/accuracy"), test.get("images", 0)
    return (round(accuracy * images), images) if accuracy is not None and images else None


def scores(confusion: np.ndarray, class_names: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy, macro and per-class precision, recall and F1 of a confusion matrix (classes, classes), rows true,
    columns predicted, in images.

    Where nothing was predicted as a class its precision is 0, as scikit-learn does with `zero_division=0`. Of a class
    without images nothing is known: its scores are None, and macro, the plain mean over classes, is over the others
    (`classes_known` of them).
    """
    confusion = np.asarray(confusion, dtype=np.int64)
    hits = np.diag(confusion).astype(float)
    predicted, true = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, true, out=np.zeros_like(hits), where=true > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(hits), where=both > 0)
    known = true > 0

    def of_class(values: np.ndarray, index: int) -> float | None:
        return float(values[index]) if known[index] else None

    return {
        "accuracy": float(hits.sum() / max(1, confusion.sum())),
        "precision": float(precision[known].mean()) if known.any() else 0.0,
        "recall": float(recall[known].mean()) if known.any() else 0.0,
        "f1": float(f1[known].mean()) if known.any() else 0.0,
        "classes_known": int(known.sum()),
        "per_class": [
            {
                "class": name,
                "precision": of_class(precision, index),
                "recall": of_class(recall, index),
                "f1": of_class(f1, index),
                "images": int(true[index]),
            }
            for index, name in enumerate(class_names)
        ],
        "confusion_matrix": confusion.tolist(),
        "images": int(confusion.sum()),
    }
