"""Checkpoint files: whole, replaced in one step, and gone on with on every device."""

import os
from types import SimpleNamespace

import pytest
import torch

from core.training import checkpoints
from core.training.build import begin, description_of
from core.training.checkpoints import (
    is_finite,
    load_checkpoint,
    network_content,
    rebuild,
    restore,
    resume_content,
    write_checkpoint,
)
from core.training.running_metrics import RunningMetrics
from tests.core.training.stored import refused, save
from tests.core.training.trained import few, plain, splits_of
from tests.helpers import quick_config

CPU = torch.device("cpu")


def test_a_checkpoint_gives_everything_back(saved, trained):
    state, config, _ = trained
    content = load_checkpoint(saved.best)
    assert content["config"] == config.to_dict()
    assert content["class_names"] == list("0123456789")
    assert content["shape"] == [1, 8, 8]
    assert (content["mean"], content["deviation"]) == ([0.3053], [0.3761])
    assert content["metrics"] == {"val/accuracy": 0.5}
    assert (content["epoch"], content["step"]) == (1, 3)
    assert plain(content["model"]) == plain(state.model.state_dict())
    resume = content["resume"]
    assert plain(resume["optimizer"]) == plain(state.optimizer.state_dict())
    assert tuple(resume["best"]) == state.best
    assert (resume["batch"], resume["waited"], resume["pieces"], resume["threads"]) == (0, 0, 1, 3)
    assert (resume["learning_rate"], resume["precision"], resume["schedule_memory"]) == (0.001, "float32", {})
    assert resume["tally"]["sizes"] == [] and resume["average"] is None and resume["trained"] is None
    assert torch.equal(resume["random"], torch.get_rng_state())


def test_a_checkpoint_to_use_holds_no_progress(trained):
    state, config, _ = trained
    assert "resume" not in network_content(state, description_of(config), {}) and set(resume_content(state, 1)) == {
        "resume"
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_that_left_the_numbers_is_seen(value, trained):
    state, _, _ = trained
    assert is_finite(state)
    beside = next(each for name, each in state.model.named_buffers() if name.endswith("running_var"))
    for weights in (next(state.model.parameters()), beside):
        before = weights.detach().clone()
        with torch.no_grad():
            weights.view(-1)[0] = value
            assert not is_finite(state)
            weights.copy_(before)
    assert is_finite(state)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_checkpoint_whose_weights_are_no_numbers_is_refused(value, saved):
    content = load_checkpoint(saved.best)
    name = next(name for name, each in content["model"].items() if each.is_floating_point())
    content["model"][name].view(-1)[-1] = value
    write_checkpoint(saved.best, content)
    refused(saved, "no numbers", name, "train this one again")


def test_the_network_of_a_checkpoint_answers_as_it_did(saved, trained):
    state, config, splits = trained
    model = rebuild(config.architecture, load_checkpoint(saved.best), saved.best)
    assert not model.training
    inputs, _ = splits.test.slice(0, 50)
    with torch.inference_mode():
        assert torch.equal(model(inputs), state.model.eval()(inputs))


@pytest.mark.parametrize("broken", ["os.replace", "os.fsync"])
def test_a_checkpoint_that_cannot_be_replaced_leaves_the_old_one_whole(broken, saved, trained, monkeypatch):
    state, config, _ = trained
    before = saved.best.read_bytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken.removeprefix("os."), fails)
    with pytest.raises(OSError):
        save(saved.best, state, config, {"val/accuracy": 0.9})
    monkeypatch.undo()
    assert saved.best.read_bytes() == before
    assert [path.name for path in saved.folder.iterdir()] == ["best.pt"], "nothing half-written is left"


def test_a_network_that_cannot_be_written_leaves_the_old_checkpoint_whole(saved, trained, monkeypatch):
    state, config, _ = trained
    before = saved.best.read_bytes()

    def fails(*_):
        raise MemoryError

    monkeypatch.setattr(checkpoints.torch, "save", fails)
    with pytest.raises(MemoryError):
        save(saved.best, state, config, {})
    assert saved.best.read_bytes() == before


def test_readers_see_the_old_or_the_new_checkpoint_never_a_part(saved, trained, monkeypatch):
    state, config, _ = trained
    seen = []
    replace = os.replace

    def look_first(source, target):
        seen.append(load_checkpoint(saved.best)["metrics"])
        replace(source, target)

    monkeypatch.setattr(os, "replace", look_first)
    save(saved.best, state, config, {"val/accuracy": 0.9})
    assert seen == [{"val/accuracy": 0.5}]
    assert load_checkpoint(saved.best)["metrics"] == {"val/accuracy": 0.9}


def a_state_on(kind, monkeypatch):
    """A training whose network says that it is on a device of that kind, and content to restore it from."""
    config = quick_config()
    splits = splits_of(config, few(config.dataset.load(None)))
    state = begin(config, splits, CPU, None)
    content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    monkeypatch.setattr(checkpoints.RunningMetrics, "restored", lambda tally, device: RunningMetrics())
    real = state.model.parameters
    there = SimpleNamespace(device=torch.device(kind))
    monkeypatch.setattr(state.model, "parameters", lambda *_: iter([there, *real()]))
    return state, content


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_random_numbers_of_a_gpu_go_on_where_they_were(kind, monkeypatch, tmp_path):
    there, numbers = [], torch.arange(5, dtype=torch.uint8)
    module = getattr(torch, kind)
    monkeypatch.setattr(module, "get_rng_state", lambda *_: numbers)
    monkeypatch.setattr(module, "set_rng_state", lambda state, *_: there.append(state))
    state, content = a_state_on(kind, monkeypatch)
    on_cpu = dict(content)
    restore(state, on_cpu, tmp_path)
    assert there == [], "of a training on a CPU there are none"
    content |= resume_content(state, 1)
    assert content["resume"]["device"] == kind
    write_checkpoint(tmp_path / "last.pt", content)
    restore(state, load_checkpoint(tmp_path / "last.pt"), tmp_path)
    assert [each.tolist() for each in there] == [numbers.tolist()]
    for old in ("random_mps", "device", "layout"):  # earlier releases wrote none
        del content["resume"][old]
    restore(state, content, tmp_path)
    assert len(there) == (2 if kind == "cuda" else 1)


def test_a_checkpoint_of_a_gpu_goes_on_on_a_cpu(tmp_path):
    config = quick_config()
    splits = splits_of(config, few(config.dataset.load(None)))
    state = begin(config, splits, CPU, None)
    content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
    numbers = torch.arange(5, dtype=torch.uint8)
    content["resume"] |= {"device": "cuda", "random_cuda": numbers, "random_mps": numbers}
    before = torch.get_rng_state()
    torch.rand(3)
    restore(state, content, tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
