"""How much memory is said to be free."""

from types import SimpleNamespace

import pytest
import torch

from core.machine import memory


@pytest.fixture
def container(tmp_path, monkeypatch):
    """The folder of a container's limits, on a computer of 1,000 bytes of which 100 are free."""
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=100, total=1_000))
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("limit", "free"), [(None, 100), ("max\n", 100), ("7\n", 7), ("1073741824\n", 100)])
@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"], ids=["version 2", "version 1"])
@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_the_smaller_of_what_the_system_and_a_container_give_counts(device, name, limit, free, container):
    (container / "memory").mkdir()
    if limit is not None:
        (container / name).write_text(limit)
    assert memory.free_bytes(torch.device(device)) == free


@pytest.mark.parametrize(
    ("limit", "used", "stat", "kept"),
    [
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ],
    ids=["version 2", "version 1"],
)
def test_what_a_container_uses_is_not_free_but_files_that_it_may_read_again_are(limit, used, stat, kept, container):
    (container / "memory").mkdir()
    for name, text in {limit: "90\n", used: "60\n", stat: f"anon 5\n{kept} 20\n"}.items():
        (container / name).write_text(text)
    assert memory.free_bytes(torch.device("cpu")) == 90 - (60 - 20)
    (container / used).write_text("500\n")
    assert memory.free_bytes(torch.device("cpu")) == 0


def test_the_most_memory_of_a_process_is_its_own(monkeypatch):
    monkeypatch.setattr(memory.posix, "peak_bytes", lambda: 5)
    assert memory.peak_bytes(torch.device("cpu")) == 5


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
