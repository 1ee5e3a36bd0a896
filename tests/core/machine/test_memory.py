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


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (MemoryError(), True),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 400000000000000 bytes."),
            True,
        ),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("could not create a primitive descriptor for a convolution forward propagation"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("Expected more than 1 value per channel"), False),
    ],
    ids=["GPU", "Python", "CPU", "oneDNN", "oneDNN cannot", "shapes", "batch norm"],
)
def test_out_of_memory_is_known_from_other_errors(error, says):
    assert memory.is_out_of_memory(error) == says


def test_apples_gpu_has_what_metal_gives_it_and_the_computer_has_left(monkeypatch):
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=50))
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 30)
    for most, free in [(100, 50), (60, 30), (20, 0)]:
        monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda most=most: most)
        assert memory.free_bytes(torch.device("mps")) == free
