"""Trying whether torch can compute on a device."""

import pytest
import torch

from core.machine.trial import problem_on


@pytest.fixture(autouse=True)
def untried():
    problem_on.cache_clear()
    yield
    problem_on.cache_clear()


def test_the_cpu_can_be_computed_on_and_no_random_number_is_drawn():
    before = torch.get_rng_state()
    assert problem_on("cpu") == ""
    assert torch.equal(before, torch.get_rng_state())


def fail_with(monkeypatch, error):
    tried = []

    def refuse(*_, **__):
        tried.append(1)
        raise error

    monkeypatch.setattr(torch.nn.functional, "conv2d", refuse)
    return tried


def test_what_torch_says_is_told_without_its_advice_and_asked_once(monkeypatch):
    tried = fail_with(
        monkeypatch, RuntimeError("CUDA error: no kernel image is available.\nFor debugging consider ...")
    )
    assert problem_on("cpu") == problem_on("cpu") == "CUDA error: no kernel image is available"
    assert tried == [1]


def test_a_device_whose_memory_is_full_can_compute(monkeypatch):
    fail_with(monkeypatch, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 MiB."))
    assert problem_on("cpu") == ""


def test_the_gradient_is_tried_too(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "backward", lambda *_: (_ for _ in ()).throw(RuntimeError("cuDNN error")))
    assert problem_on("cpu") == "cuDNN error"
