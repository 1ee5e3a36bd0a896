"""A recording that does not do what the step does is noticed, and never trains."""

import random

import pytest
import torch

from core.training.step import CHECKS
from tests.core.training.steppers import COMPUTED, Linear, batches, stepper
from tests.core.training.tape import NOT_PERMITTED, Twin, recording_cpu  # noqa: F401

pytestmark = pytest.mark.usefixtures("recording_cpu")


def outcomes(network, recorder, count=COMPUTED + 6):
    step, _ = stepper(network, recorder)
    return torch.stack([step(batch, 1)[0] for batch in batches(count)]), step.news()


class Python(Linear):
    """Multiplies by a number that Python draws."""

    def forward(self, inputs):
        return super().forward(inputs) * random.random()


class Replaced(Linear):
    """Keeps its running mean in a new tensor each time."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, inputs):
        self.mean = self.mean * 0.5 + inputs.mean(dim=0)
        return super().forward(inputs - self.mean)


class Asking(Linear):
    """Looks at a number before it goes on."""

    def forward(self, inputs):
        return super().forward(inputs) * (2 if inputs.sum().item() > 0 else 1)


class Drawing(Linear):
    """Draws from a generator of its own."""

    def __init__(self):
        super().__init__()
        self.own = torch.Generator().manual_seed(2)

    def forward(self, inputs):
        return super().forward(inputs + torch.randn(inputs.shape, generator=self.own))


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Python, "did not do what"), (Replaced, "in place of writing"), (Asking, NOT_PERMITTED), (Drawing, NOT_PERMITTED)],
)
def test_a_wrong_recording_never_trains(kind, why):
    random.seed(3)
    expected, _ = outcomes(kind(), None)
    random.seed(3)
    twin = Twin()
    losses, news = outcomes(kind(), twin)
    assert news is not None and why in news.why and twin.played <= len(CHECKS)
    if kind is not Python:  # whose trials draw too
        assert torch.equal(losses, expected)


def test_a_learning_rate_that_is_recorded_as_a_number_is_noticed(monkeypatch):
    network, twin = Linear(), Twin()
    step, optimizer = stepper(network, twin)
    record = twin.record

    def with_numbers(call):
        rates = [group["lr"] for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = float(rate)
        play = record(call)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        return play

    monkeypatch.setattr(twin, "record", with_numbers)
    for batch in batches(COMPUTED + 3):
        step(batch, 1)
    assert "did not do what" in step.news().why and twin.played == 2, "the second check has another learning rate"


def test_an_input_that_is_replaced_is_noticed(monkeypatch):
    network, twin = Linear(), Twin()
    step, _ = stepper(network, twin)
    record = twin.record
    aside = {}

    def from_elsewhere(call):
        aside["make"], step._make = (
            step._make,
            lambda *batch: (batch[0].clone().detach() * 0 + aside["first"], batch[1], None),
        )
        try:
            return record(call)
        finally:
            step._make = aside["make"]

    aside["first"] = next(iter(batches(1)))[0]
    monkeypatch.setattr(twin, "record", from_elsewhere)
    for batch in batches(COMPUTED + 3):
        step(batch, 1)
    assert "did not do what" in step.news().why and twin.played == 1


def test_a_network_that_someone_looks_into_is_not_recorded():
    network, seen = Linear(), []
    network.register_forward_hook(lambda *_: seen.append(1))
    _, news = outcomes(network, Twin(), 12)
    assert "looks into" in news.why and len(seen) == 12


def test_a_recording_gives_its_memory_back_where_another_step_needs_it():
    class Short(Linear):
        short = False

        def forward(self, inputs):
            if self.short and len(inputs) < 8:
                Short.short = False
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(inputs)

    network, twin = Short(), Twin()
    step, optimizer = stepper(network, twin)
    for batch in batches(COMPUTED + 3):
        step(batch, 1)
    assert step.news() is None
    Short.short = True
    step((torch.randn(4, 3), torch.zeros(4, dtype=torch.long)), 1)
    assert "no memory" in step.news().why and isinstance(optimizer.param_groups[0]["lr"], float)
