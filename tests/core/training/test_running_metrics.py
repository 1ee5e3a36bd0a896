"""The running metrics of an epoch: means over images, the same to the last digit after a pause."""

import pytest
import torch

from core.training import running_metrics as module
from core.training.running_metrics import RunningMetrics

CPU = torch.device("cpu")


def batches(sizes, seed=0):
    random = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(size, 4, generator=random),
            torch.randint(4, (size,), generator=random),
            torch.rand((), generator=random),
        )
        for size in sizes
    ]


SIZES = [5, 5, 5, 2]


@pytest.mark.parametrize("gathered", [1, 2, 50])
def test_loss_and_accuracy_are_means_over_images(gathered, monkeypatch):
    monkeypatch.setattr(module, "GATHERED", gathered)
    running_metrics, given = RunningMetrics(), batches(SIZES)
    for batch in given:
        running_metrics.add(*batch)
    assert running_metrics.loss() == pytest.approx(
        sum(loss.item() * len(labels) for _, labels, loss in given) / 17, rel=1e-12
    )
    hits = sum((logits.argmax(dim=1) == labels).sum().item() for logits, labels, _ in given)
    assert running_metrics.accuracy() == hits / 17


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("gathered", [1, 3, 50])
def test_a_pause_changes_no_digit(count, gathered, monkeypatch):
    monkeypatch.setattr(module, "GATHERED", gathered)
    given = batches(SIZES, seed=count)
    whole = RunningMetrics()
    for batch in given:
        whole.add(*batch)
    first = RunningMetrics()
    for batch in given[:count]:
        first.add(*batch)
    second = RunningMetrics.restored(first.state(), CPU)
    for batch in given[count:]:
        second.add(*batch)
        first.add(*batch)
    assert second.loss() == whole.loss() == first.loss(), "asking for the state changes nothing either"
    assert second.accuracy() == whole.accuracy() == first.accuracy()


def test_the_state_is_plain_values_and_a_tensor():
    running_metrics = RunningMetrics()
    assert running_metrics.state()["sizes"] == [] and running_metrics.state()["losses"].tolist() == []
    for batch in batches(SIZES):
        running_metrics.add(*batch)
    state = running_metrics.state()
    assert isinstance(state["losses"], torch.Tensor) and state["sizes"] == SIZES and type(state["hits"]) is int
