"""Devices: what is offered, and what is said when one is not here."""

import subprocess

import pytest
import torch

from core import devices
from core.errors import TrainDeskError
from tests.helpers import assert_one_sentence


@pytest.fixture
def no_accelerator(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_cpu_is_always_offered_and_found():
    assert {"auto", "cpu"} <= set(devices.list_devices())
    assert devices.resolve_device("cpu") == torch.device("cpu")


def test_automatic_without_gpu_is_the_cpu(no_accelerator):
    assert devices.resolve_device("auto") == torch.device("cpu")


def test_automatic_takes_the_first_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.resolve_device("auto") == devices.resolve_device("cuda") == torch.device("cuda:0")
    assert devices.resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(TrainDeskError, match="cuda:2"):
        devices.resolve_device("cuda:2")


@pytest.mark.parametrize("wanted", ["cuda", "cuda:3", "mps"])
def test_a_device_that_is_not_here_names_those_that_are(wanted, no_accelerator):
    with pytest.raises(TrainDeskError) as caught:
        devices.resolve_device(wanted)
    assert_one_sentence(str(caught.value), "is not here", "cpu")


def test_gpus_are_listed_by_name(monkeypatch):
    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    answer = subprocess.CompletedProcess([], 0, stdout="Big GPU\nSmall GPU\n", stderr="")
    monkeypatch.setattr(devices.subprocess, "run", lambda *_, **__: answer)
    found = devices.list_devices()
    assert (found["cuda:0"], found["cuda:1"]) == ("GPU 0: Big GPU", "GPU 1: Small GPU")


def test_a_broken_driver_tool_hides_the_gpus(monkeypatch):
    def broken(*_, **__):
        raise subprocess.CalledProcessError(9, "nvidia-smi")

    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(devices.subprocess, "run", broken)
    assert not any(name.startswith("cuda") for name in devices.list_devices())


def test_only_small_batches_are_kept_to_one_thread():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        devices.choose_threads(64 * 28 * 28)
        assert torch.get_num_threads() == 2
        devices.choose_threads(32 * 8 * 8)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
