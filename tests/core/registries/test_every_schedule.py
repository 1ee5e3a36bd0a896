"""Every registered schedule: shares, warm-up, memory, settings. A new one is tested by being there."""

import itertools

import pytest

from core.settings.settings import fields_of
from core.training.schedules import SCHEDULES, START
from tests.core.training.test_schedules import STEPS, shares
from tests.helpers import assert_one_sentence

NAMES = SCHEDULES.names()


@pytest.mark.parametrize("data", [*NAMES, *({"name": name, "warmup": 2.5} for name in NAMES if name != "one_cycle")])
@pytest.mark.parametrize("epochs", [3, 10, 1000])
def test_a_share_is_above_nothing_and_at_most_one(data, epochs):
    fallen = {}
    schedule = SCHEDULES.parse(data)
    for _ in range(300):
        schedule.after_epoch(fallen, 1.0)
    for memory in ({}, fallen):
        assert all(0 < share <= 1 for share in shares(data, epochs, steps=3, memory=memory))


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_learning_rate_is_reached(name):
    assert max(shares(name, 10, steps=100)) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "plateau"])
def test_only_a_plateau_remembers(name):
    memory = {}
    SCHEDULES.parse(name).after_epoch(memory, 1.0)
    assert memory == {}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "one_cycle"])
def test_a_warm_up_rises_evenly_from_near_nothing_to_the_schedule(name):
    rising = shares({"name": name, "warmup": 2}, 10)[: 2 * STEPS + 1]
    differences = [after - before for before, after in itertools.pairwise(rising)]
    assert rising[0] == START and rising[-1] == 1
    assert differences == pytest.approx([(1 - START) / (2 * STEPS)] * 2 * STEPS)


@pytest.mark.parametrize("name", NAMES)
def test_what_fits_is_no_problem(name):
    schedule = SCHEDULES.parse({"name": name, **({} if name == "one_cycle" else {"warmup": 1.5})})
    assert schedule.problem(2) is None and schedule.problem(10_000) is None


@pytest.mark.parametrize(("warmup", "epochs"), [(5.0, 5), (7.5, 5), (1.0, 1)])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "one_cycle"])
def test_a_warm_up_that_never_ends_is_a_problem_said_in_one_sentence(name, warmup, epochs):
    problem = SCHEDULES.parse({"name": name, "warmup": warmup}).problem(epochs)
    assert_one_sentence(problem, f"{warmup:g} epochs", f"{epochs} epoch", f"less than {epochs}")


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_makes_a_difference(name):
    def course(data):
        schedule, memory, found = SCHEDULES.parse(data), {}, []
        for epoch in range(20):
            found += [schedule.factor(epoch + part / 4, 20, memory) for part in range(4)]
            schedule.after_epoch(memory, 1.0)
        return found

    for spec in fields_of(SCHEDULES.get(name)):
        value = 1 if spec.kind == "integer" else 0.77
        assert course({"name": name, spec.name: value}) != course(name), f"{name}.{spec.name} changes nothing"
