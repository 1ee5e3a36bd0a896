"""Schedules against torch's own where the shape is the same, and what every schedule promises."""

import json
import math
import warnings

import pytest
import torch

from core.training.schedules import SCHEDULES, SMALLEST, START

STEPS = 8  # per epoch


def shares(data, epochs, steps=STEPS, memory=None):
    """The share at each step of a training, and at its end."""
    schedule = SCHEDULES.parse(data)
    return [
        schedule.factor(step / steps, epochs, {} if memory is None else memory) for step in range(epochs * steps + 1)
    ]


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def of_torch(make, count):
    """The share that a scheduler of torch gives after 0, 1 ... count - 1 steps."""
    stepper = optimizer()
    scheduler = make(stepper)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses the optimizer's steps
        for _ in range(count):
            found.append(stepper.param_groups[0]["lr"])
            scheduler.step()
    return found


def test_constant_is_constant():
    assert set(shares("constant", 4)) == {1.0}


def test_steps_are_those_of_torch():
    expected = of_torch(lambda stepper: torch.optim.lr_scheduler.StepLR(stepper, 3 * STEPS, 0.2), 10 * STEPS + 1)
    assert shares({"name": "step", "every": 3, "gamma": 0.2}, 10) == pytest.approx(expected)


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_cosine_is_that_of_torch(final):
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR
    expected = of_torch(lambda stepper: scheduler(stepper, 5 * STEPS, eta_min=final), 5 * STEPS + 1)
    assert shares({"name": "cosine", "final": final}, 5) == pytest.approx(expected, abs=SMALLEST)


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_linear_is_that_of_torch(final):
    def make(stepper):
        return torch.optim.lr_scheduler.LinearLR(stepper, start_factor=1.0, end_factor=final, total_iters=5 * STEPS)

    expected = of_torch(make, 5 * STEPS + 1)
    assert shares({"name": "linear", "final": final}, 5) == pytest.approx(expected, abs=SMALLEST)


def test_linear_with_a_warm_up_is_a_triangle():
    found = shares({"name": "linear", "warmup": 2}, 6)
    assert max(found) == found[2 * STEPS] == 1
    assert found[4 * STEPS] == pytest.approx(0.5) and found[STEPS] == pytest.approx((1 + START) / 2)


def test_warm_up_and_cosine_are_those_of_torch_in_sequence():
    warm, total = 2 * STEPS, 6 * STEPS
    kinds = torch.optim.lr_scheduler

    def make(stepper):
        first = kinds.LinearLR(stepper, start_factor=START, total_iters=warm)
        second = kinds.CosineAnnealingLR(stepper, total - warm)
        return kinds.SequentialLR(stepper, [first, second], milestones=[warm])

    expected = of_torch(make, total + 1)
    assert shares({"name": "cosine", "warmup": 2}, 6) == pytest.approx(expected, abs=SMALLEST)


@pytest.mark.parametrize("peak_at", [0.3, 0.5])
def test_one_cycle_is_that_of_torch(peak_at):
    total = 1000  # torch counts to total - 1, so the two agree up to a thousandth of the way
    scheduler = torch.optim.lr_scheduler.OneCycleLR
    expected = of_torch(lambda stepper: scheduler(stepper, 1.0, total_steps=total, pct_start=peak_at), total)
    found = shares({"name": "one_cycle", "peak_at": peak_at}, 1, steps=total)[:-1]
    assert found == pytest.approx(expected, abs=0.006)
    assert found[0] == pytest.approx(expected[0])
    assert shares({"name": "one_cycle", "peak_at": peak_at}, 1)[-1] == pytest.approx(expected[-1])


def test_one_cycle_peaks_where_it_is_told():
    schedule = SCHEDULES.parse({"name": "one_cycle", "peak_at": 0.25})
    assert schedule.factor(5.0, 20, {}) == 1
    assert schedule.factor(4.9, 20, {}) < 1 and schedule.factor(5.1, 20, {}) < 1


@pytest.mark.parametrize("patience", [0, 1, 3])
def test_plateau_is_that_of_torch(patience):
    losses = [1.0, 0.9, 0.95, 0.91, 0.89999, 0.5, 0.6, 0.6, math.nan, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
    stepper = optimizer()
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(stepper, factor=0.3, patience=patience, eps=0)
    schedule, memory = SCHEDULES.parse({"name": "plateau", "gamma": 0.3, "patience": patience}), {}
    falls = 0
    for epoch, loss in enumerate(losses, start=1):
        before = stepper.param_groups[0]["lr"]
        scheduler.step(loss)
        schedule.after_epoch(memory, loss)
        expected = stepper.param_groups[0]["lr"]
        falls += expected < before
        assert schedule.factor(epoch, 100, memory) == pytest.approx(max(expected, SMALLEST)), f"after epoch {epoch}"
    assert falls >= 2


def test_a_plateau_remembers_in_plain_numbers_alone():
    memory = {}
    for loss in [1.0, 1.0, 1.0, 0.8, 0.9, 0.9, 0.9]:
        memory = json.loads(json.dumps(memory))  # as if it had been stored and another process went on
        SCHEDULES.parse({"name": "plateau", "patience": 1}).after_epoch(memory, loss)
    assert memory == {"best": 0.8, "worse": 1.0, "factor": 0.25}
    assert all(type(value) is float for value in memory.values())


def test_a_training_shortened_below_its_warm_up_still_has_a_share():
    assert all(0 < share <= 1 for share in shares({"name": "cosine", "warmup": 9}, 4))
