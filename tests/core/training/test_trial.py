"""Steps that are tried before a training begins: they say how long each way takes, and leave no trace."""

import itertools

import pytest
import torch

from core.training import trial
from core.training.precision import possible_ways
from core.training.trial import seconds_of_ways
from tests.core.training.trained import CPU
from tests.helpers import quick_config

CNN = {"name": "improved_cnn", "channels": [4], "dropout": 0.4}


@pytest.fixture
def clock(monkeypatch):
    """A clock by which each look takes a tenth of a millisecond."""
    ticks = itertools.count()
    monkeypatch.setattr(trial.time, "perf_counter", lambda: next(ticks) / 10_000)


def test_each_way_has_its_time(clock):
    ways = possible_ways("bfloat16", CPU)
    assert seconds_of_ways(quick_config(architecture=CNN), CPU, ways) == pytest.approx(dict.fromkeys(ways, 1e-4))


def test_random_numbers_are_untouched(clock):
    torch.manual_seed(5)
    torch.rand(3)
    before = torch.get_rng_state()
    assert seconds_of_ways(quick_config(architecture=CNN), CPU, possible_ways("auto", CPU))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_without_convolutions_feels_no_layout(clock):
    ways = possible_ways("auto", CPU)
    config = quick_config(architecture="mlp")
    found = seconds_of_ways(config, CPU, ways)
    assert set(found) <= {way for way in ways if way.layout is torch.channels_last}
    assert not seconds_of_ways(config, CPU, possible_ways("float32", CPU)), "then there is nothing to choose"


def test_a_large_network_is_not_tried_for_long(monkeypatch):
    steps, ticks = [], itertools.count()
    monkeypatch.setattr(trial.time, "perf_counter", lambda: float(next(ticks)))
    config = quick_config(architecture=CNN)
    monkeypatch.setattr(torch.nn.Module, "zero_grad", lambda self: steps.append(1))
    assert seconds_of_ways(config, CPU, possible_ways("auto", CPU)) == {}
    assert len(steps) <= 3


def test_a_busy_computer_cannot_tell(monkeypatch):
    ticks = itertools.accumulate(itertools.cycle([1, 2, 4, 8, 16, 32, 64, 3, 5]))
    monkeypatch.setattr(trial.time, "perf_counter", lambda: next(ticks) / 1e6)
    assert seconds_of_ways(quick_config(architecture=CNN), CPU, possible_ways("bfloat16", CPU)) == {}


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), ValueError("Expected more than 1 value")])
def test_what_cannot_be_tried_is_left_to_the_run(error, monkeypatch):
    def fail(*_):
        raise error

    before = torch.backends.cudnn.benchmark
    monkeypatch.setattr(trial, "laid_out", fail)
    assert seconds_of_ways(quick_config(architecture=CNN), CPU, possible_ways("auto", CPU)) == {}
    assert torch.backends.cudnn.benchmark is before
