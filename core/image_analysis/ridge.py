"""A linear head in closed form: ridge regression on classes, in milliseconds for hundreds of pictures, and how well it does.

Every class begins alike, however many pictures it has. Whether it does well is asked of heads that did not learn from the
pictures they are asked about; the same answers say how sure a score may sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIDGE = 1.0  # of kernels whose usual diagonal is 1
FOLDS = 5
SHARPNESS = np.geomspace(1, 100, 40)  # that a softmax of the scores is tried with


@dataclass(frozen=True)
class Head:
    """Scores of every class for rows of features."""

    weights: np.ndarray  # (F, C) float32
    bias: np.ndarray  # (C,) float32
    sharpness: float  # with which scores become honest probabilities

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """float32 (N, F) -> (N, C), each row summing to 1."""
        return _softmax((rows @ self.weights + self.bias) * self.sharpness)


def learn(rows: np.ndarray, codes: np.ndarray, folds: np.ndarray) -> tuple[Head, np.ndarray]:
    """A head for float32 (N, F) of classes `codes` (N,), each of 0..C-1 at least once, and the classes (N,) int64 that heads
    said which had not learned from the picture in question: those of one of `folds` (N,) are held out together."""
    mean, scale = standard(rows)
    known = (rows - mean) * scale
    kernel = (known @ known.T).astype(np.float64)
    classes = int(codes.max()) + 1
    level = 1 / classes  # what every class has by chance, be it large or small
    targets = np.eye(classes)[codes] - level
    scores = np.zeros((len(codes), classes))
    for fold in np.unique(folds):
        inside, outside = folds != fold, folds == fold
        if inside.any():
            dual = solved(kernel[np.ix_(inside, inside)], targets[inside])
            scores[outside] = kernel[np.ix_(outside, inside)] @ dual
    weights = scale[:, None] * (known.T @ solved(kernel, targets))
    bias = level - mean @ weights
    head = Head(weights.astype(np.float32), bias.astype(np.float32), _sharpness(scores, codes))
    return head, scores.argmax(1)


def folds_in_order(codes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(N,) 0..FOLDS-1: of each class neighbouring pictures, as they were taken, in one fold; those of one group (N,) too.

    Photos of one moment look alike: were the ones beside it learned, a held-out one would be no test.
    """
    folds = np.zeros(len(codes), dtype=np.int64)
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        folds[mine] = np.arange(len(mine)) * FOLDS // max(FOLDS, len(mine))
    first = {group: folds[place] for place, group in reversed(list(enumerate(groups.tolist())))}
    return np.array([first[group] for group in groups.tolist()], dtype=np.int64)


def standard(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale, (F,) each, by which `(rows - mean) * scale` has a usual length of 1; features that never vary become 0."""
    deviation = rows.std(0)
    varies = deviation > 1e-6
    scale = np.zeros_like(deviation)
    scale[varies] = 1 / deviation[varies] / max(1, varies.sum()) ** 0.5
    return rows.mean(0), scale


def solved(kernel: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N, C): the weights of the pictures, of a kernel (N, N) and targets (N, C)."""
    return np.linalg.solve(kernel + RIDGE * np.eye(len(kernel)), targets)


def _sharpness(scores: np.ndarray, codes: np.ndarray) -> float:
    """With which the truth would have been the least surprising. As if one picture more had been read wrong: of few pictures
    that are all read right none can say how sure is too sure."""
    right, doubt = (np.arange(len(codes)), codes), 1 / (len(codes) + 1)
    surprise = []
    for each in SHARPNESS:
        logarithms = np.log(_softmax(scores * each) + 1e-12)
        surprise.append(-(1 - doubt) * logarithms[right].mean() - doubt * logarithms.mean())
    return float(SHARPNESS[int(np.argmin(surprise))])


def _softmax(scores: np.ndarray) -> np.ndarray:
    grown = np.exp(scores - scores.max(1, keepdims=True))
    return grown / grown.sum(1, keepdims=True)
