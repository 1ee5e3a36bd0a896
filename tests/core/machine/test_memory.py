"""How much memory is said to be free."""

from types import SimpleNamespace

import torch

from core.machine import memory


def test_the_limit_of_a_container(tmp_path):
    limit = tmp_path / "memory.max"
    assert memory._container(limit) == float("inf")
    limit.write_text("max\n")
    assert memory._container(limit) == float("inf")
    limit.write_text("1073741824\n")
    assert memory._container(limit) == 2**30


def test_the_smaller_of_both_counts(monkeypatch):
    for system, container in ((100, 7), (7, 100), (7, float("inf"))):
        monkeypatch.setattr(memory.psutil, "virtual_memory", lambda system=system: SimpleNamespace(available=system))
        monkeypatch.setattr(memory, "_container", lambda container=container: container)
        assert memory.free_bytes(torch.device("cpu")) == 7


def test_a_gpu_is_asked_itself(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (device.index, 99))
    assert memory.free_bytes(torch.device("cuda:3")) == 3
