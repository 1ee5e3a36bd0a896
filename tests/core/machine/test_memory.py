"""How much memory is said to be free."""

from types import SimpleNamespace

import pytest
import torch

from core.machine import memory


@pytest.mark.parametrize(("limit", "free"), [(None, 100), ("max\n", 100), ("7\n", 7), ("1073741824\n", 100)])
def test_the_smaller_of_what_the_system_and_a_container_give_counts(limit, free, tmp_path, monkeypatch):
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=100))
    monkeypatch.setattr(memory, "LIMIT", tmp_path / "memory.max")
    if limit is not None:
        memory.LIMIT.write_text(limit)
    assert memory.free_bytes(torch.device("cpu")) == free


def test_a_gpu_is_asked_itself(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (device.index, 99))
    assert memory.free_bytes(torch.device("cuda:3")) == 3
