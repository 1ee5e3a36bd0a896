"""Losses against their formulas written out by hand."""

import math

import pytest
import torch

from core.training.losses import LOSSES

NAMES = LOSSES.names()
LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0], [1.0, 1.0, 1.0], [-4.0, 0.1, 0.2]])
LABELS = torch.tensor([0, 2, 1, 1])


def softmax(row):
    powers = [math.exp(value) for value in row]
    return [power / sum(powers) for power in powers]


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def by_hand(name, logits, labels):
    """Mean loss in plain Python."""
    rows, labels = logits.tolist(), labels.tolist()
    pairs = list(zip(rows, labels, strict=True))
    if name in ("cross_entropy", "nll"):
        return sum(-math.log(softmax(row)[label]) for row, label in pairs) / len(rows)
    targets = [[float(index == label) for index in range(len(row))] for row, label in pairs]
    if name == "mse":
        shares = [softmax(row) for row in rows]
        cells = [(shares[i][j] - targets[i][j]) ** 2 for i in range(len(rows)) for j in range(len(rows[0]))]
    else:
        cells = [
            -math.log(sigmoid(value)) if wanted else -math.log(1 - sigmoid(value))
            for row, target in zip(rows, targets, strict=True)
            for value, wanted in zip(row, target, strict=True)
        ]
    return sum(cells) / len(cells)


@pytest.mark.parametrize("name", ["cross_entropy", "nll", "mse", "bce"])
def test_a_loss_is_its_formula(name):
    assert LOSSES.parse(name).measure(LOGITS, LABELS).item() == pytest.approx(by_hand(name, LOGITS, LABELS), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_better_answer_has_a_smaller_loss(name):
    loss = LOSSES.parse(name)
    good, fair, bad = (torch.tensor([[value, 0.0, 0.0]]) for value in (6.0, 1.0, -6.0))
    label = torch.tensor([0])
    assert loss.measure(good, label) < loss.measure(fair, label) < loss.measure(bad, label)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_the_mean_over_images(name):
    loss = LOSSES.parse(name)
    alone = [loss.measure(LOGITS[i : i + 1], LABELS[i : i + 1]) for i in range(len(LABELS))]
    torch.testing.assert_close(loss.measure(LOGITS, LABELS), torch.stack(alone).mean())


@pytest.mark.parametrize("classes", [2, 3, 37])
@pytest.mark.parametrize("name", NAMES)
def test_probabilities_sum_to_one_and_keep_the_largest(name, classes):
    torch.manual_seed(0)
    logits = torch.randn(200, classes) * 5
    probabilities = LOSSES.parse(name).probabilities(logits)
    assert probabilities.shape == logits.shape
    assert (probabilities >= 0).all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(200))
    assert torch.equal(probabilities.argmax(dim=1), logits.argmax(dim=1))


def test_binary_cross_entropy_shows_its_sigmoids_scaled_to_one():
    sigmoids = LOGITS.sigmoid()
    expected = sigmoids / sigmoids.sum(dim=1, keepdim=True)
    torch.testing.assert_close(LOSSES.parse("bce").probabilities(LOGITS), expected)


@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
@pytest.mark.parametrize("name", NAMES)
def test_extreme_logits_stay_numbers(name, size):
    loss = LOSSES.parse(name)
    logits = torch.tensor([[size, -size, 0.0], [-size, -2 * size, -3 * size]]).requires_grad_()
    value = loss.measure(logits, torch.tensor([1, 0]))
    value.backward()
    assert value.isfinite() and logits.grad.isfinite().all()
    probabilities = loss.probabilities(logits.detach())
    assert probabilities.isfinite().all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(2))
    assert probabilities.argmax(dim=1).tolist() == [0, 0]
