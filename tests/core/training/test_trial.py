"""Steps that are tried before a training begins: they say how long each way takes, and leave no trace."""

import itertools

import pytest
import torch

from core.training import trial
from core.training.dense import DenseStep, is_dense
from core.training.precision import possible_ways
from core.training.trial import seconds_of_ways
from tests.core.training.trained import CPU, few, run
from tests.helpers import quick_config

MLP = quick_config(architecture="mlp")
writes_out = pytest.mark.skipif(
    not is_dense(MLP.architecture.build(MLP.dataset.info().shape, 10)),
    reason="this processor does not multiply in bfloat16",
)
CNN = {"name": "improved_cnn", "channels": [4], "dropout": 0.4}


@pytest.fixture
def clock(monkeypatch):
    """A clock by which each look takes a tenth of a millisecond."""
    ticks = itertools.count()
    monkeypatch.setattr(trial.time, "perf_counter", lambda: next(ticks) / 10_000)


def test_each_way_has_its_time(clock):
    ways = possible_ways("bfloat16", CPU)
    assert seconds_of_ways(quick_config(architecture=CNN), CPU, ways) == pytest.approx(dict.fromkeys(ways, 1e-4))


@writes_out
def test_fully_connected_layers_are_tried_by_the_steps_that_train_them(clock, monkeypatch):
    """By autograd mixed precision takes longer than float32, by those steps half as long."""
    written_out, by_torch = [], []
    move, step = DenseStep.move, torch.optim.Adam.step
    monkeypatch.setattr(DenseStep, "move", lambda self: written_out.append(1) or move(self))
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: by_torch.append(1) or step(self))
    config = quick_config(architecture="mlp", optimizer="adam")
    assert len(seconds_of_ways(config, CPU, possible_ways("auto", CPU))) == 2
    assert len(written_out) >= 3 and len(by_torch) >= 2 * len(written_out), "Adam itself moves in both"


def test_the_layers_that_are_tried_are_those_that_train(monkeypatch):
    config, tried = quick_config(architecture=CNN), []
    forward = torch.nn.Sequential.forward
    monkeypatch.setattr(
        torch.nn.Sequential, "forward", lambda self, x: tried.append(kinds_of(self)) or forward(self, x)
    )
    seconds_of_ways(config, CPU, possible_ways("bfloat16", CPU))
    state, _, _ = run(config, few(config.dataset.load(None)))
    assert tried[0] == kinds_of(state.model)


def kinds_of(model):
    return [type(layer) for layer in model.modules()]


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
