"""Losses against their formulas written out by hand."""

import math

import pytest
import torch
from torch.nn import functional

from core.training.losses import LOSSES
from core.training.sampling import class_weights

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0], [1.0, 1.0, 1.0], [-4.0, 0.1, 0.2]])
LABELS = torch.tensor([0, 2, 1, 1])


def softmax(row):
    powers = [math.exp(value) for value in row]
    return [power / sum(powers) for power in powers]


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def by_hand(name, logits, labels, smoothing=0.0):
    """Mean loss in plain Python."""
    rows, labels = logits.tolist(), labels.tolist()
    pairs = list(zip(rows, labels, strict=True))
    classes = len(rows[0])
    targets = [
        [(index == label) * (1 - smoothing) + smoothing / classes for index in range(classes)] for _, label in pairs
    ]
    if name in ("cross_entropy", "nll"):
        logs = [[math.log(share) for share in softmax(row)] for row in rows]
        return -sum(logs[i][j] * targets[i][j] for i in range(len(rows)) for j in range(classes)) / len(rows)
    if name == "mse":
        shares = [softmax(row) for row in rows]
        cells = [(shares[i][j] - targets[i][j]) ** 2 for i in range(len(rows)) for j in range(classes)]
    else:
        cells = [
            -target * math.log(sigmoid(value)) - (1 - target) * math.log(1 - sigmoid(value))
            for row, wanted in zip(rows, targets, strict=True)
            for value, target in zip(row, wanted, strict=True)
        ]
    return sum(cells) / len(cells)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("name", ["cross_entropy", "nll", "mse", "bce"])
def test_a_loss_is_its_formula(name, smoothing):
    loss = LOSSES.parse({"name": name, "label_smoothing": smoothing})
    expected = by_hand(name, LOGITS, LABELS, smoothing)
    assert loss.measure(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_shows_its_sigmoids_scaled_to_one():
    sigmoids = LOGITS.sigmoid()
    expected = sigmoids / sigmoids.sum(dim=1, keepdim=True)
    torch.testing.assert_close(LOSSES.parse("bce").probabilities(LOGITS), expected)


def test_cross_entropy_with_class_weights_has_torchs_gradient():
    weights = class_weights(LABELS, LOGITS.shape[1])
    ours, theirs = LOGITS.clone().requires_grad_(), LOGITS.clone().requires_grad_()
    LOSSES.parse("cross_entropy").measure(ours, LABELS, weights).backward()
    functional.cross_entropy(theirs, LABELS, weight=weights).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)  # all images at once: torch divides by their weights, mean 1
