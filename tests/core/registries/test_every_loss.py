"""Every registered loss: what any loss must do. A new one is tested by being there."""

import pytest
import torch

from core.training.losses import LOSSES
from tests.core.training.test_losses import LABELS, LOGITS

NAMES = LOSSES.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_plain_loss_has_no_smoothing_and_is_the_same_otherwise(name):
    smooth = LOSSES.parse({"name": name, "label_smoothing": 0.3})
    assert smooth.plain() == LOSSES.parse(name) == LOSSES.parse(name).plain()
    assert smooth.label_smoothing == 0.3
    assert smooth.measure(LOGITS, LABELS) != smooth.plain().measure(LOGITS, LABELS)


@pytest.mark.parametrize("name", NAMES)
def test_the_smoothed_answer_is_where_a_loss_wants_to_go(name):
    answer = torch.tensor([[0.025, 0.025, 0.925, 0.025]])  # 0.1 of it spread over four classes
    logits = (answer.logit() if name == "bce" else answer.log()).requires_grad_()
    LOSSES.parse({"name": name, "label_smoothing": 0.1}).measure(logits, torch.tensor([2])).backward()
    torch.testing.assert_close(logits.grad, torch.zeros(1, 4), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_short_numbers_are_computed_as_long_ones(name, kind):
    loss = LOSSES.parse({"name": name, "label_smoothing": 0.1})
    short = LOGITS.to(kind)
    for result, expected in (
        (loss.measure(short, LABELS), loss.measure(short.float(), LABELS)),
        (loss.probabilities(short), loss.probabilities(short.float())),
    ):
        assert result.dtype == torch.float32
        assert torch.equal(result, expected)


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


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
@pytest.mark.parametrize("name", NAMES)
def test_extreme_logits_stay_numbers(name, size, smoothing):
    loss = LOSSES.parse({"name": name, "label_smoothing": smoothing})
    logits = torch.tensor([[size, -size, 0.0], [-size, -2 * size, -3 * size]]).requires_grad_()
    value = loss.measure(logits, torch.tensor([1, 0]))
    value.backward()
    assert value.isfinite() and logits.grad.isfinite().all()
    probabilities = loss.probabilities(logits.detach())
    assert probabilities.isfinite().all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(2))
    assert probabilities.argmax(dim=1).tolist() == [0, 0]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", NAMES)
def test_class_weights_make_each_image_count_so_many_times(name, smoothing):
    loss = LOSSES.parse({"name": name, "label_smoothing": smoothing})
    weights = torch.tensor([0.5, 2.0, 1.5])
    alone = [loss.measure(LOGITS[i : i + 1], LABELS[i : i + 1]) * weights[LABELS[i]] for i in range(len(LABELS))]
    torch.testing.assert_close(loss.measure(LOGITS, LABELS, weights), torch.stack(alone).mean())
    ones = torch.ones(LOGITS.shape[1])
    torch.testing.assert_close(loss.measure(LOGITS, LABELS, ones), loss.measure(LOGITS, LABELS))
