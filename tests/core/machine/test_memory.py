"""How much memory is said to be free."""

from types import SimpleNamespace

import pytest
import torch

from core.machine import memory
from tests.core.short import WORDINGS
from tests.helpers import assert_one_sentence


@pytest.fixture
def container(tmp_path, monkeypatch):
    """The folder of a container's limits, on a computer of 1,000 bytes of which 100 are free."""
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=100, total=1_000))
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("limit", "free"), [(None, 100), ("max\n", 100), ("7\n", 7), ("1073741824\n", 100)])
@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"], ids=["version 2", "version 1"])
def test_the_smaller_of_what_the_system_and_a_container_give_counts(name, limit, free, container):
    (container / "memory").mkdir()
    if limit is not None:
        (container / name).write_text(limit)
    assert memory.free_bytes(torch.device("cpu")) == free


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
        *((error, True) for error in WORDINGS.values()),
        (MemoryError(), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("could not create a primitive descriptor for a convolution forward propagation"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("Expected more than 1 value per channel"), False),
        (FileNotFoundError(2, "No such file or directory", "/pictures/out of memory/1.png"), False),
    ],
    ids=[*WORDINGS, "Python", "oneDNN", "oneDNN cannot", "shapes", "batch norm", "a file's name"],
)
def test_out_of_memory_is_known_from_other_errors(error, says):
    assert memory.is_out_of_memory(error) == says


def test_apples_gpu_has_what_metal_gives_it_and_the_computer_has_left(monkeypatch):
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=50))
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 30)
    for most, free in [(100, 50), (60, 30), (20, 0)]:
        monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda most=most: most)
        assert memory.free_bytes(torch.device("mps")) == free


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_what_torch_keeps_of_a_gpu_is_given_back(kind, monkeypatch):
    emptied = []
    monkeypatch.setattr(getattr(torch, kind), "empty_cache", lambda: emptied.append(kind))
    memory.release(torch.device(kind))
    memory.release(torch.device("cpu"))
    assert emptied == [kind]


@pytest.mark.parametrize(("free", "others"), [(1e9, "5.0 GB is held by other programs: end them"), (6e9, "")])
def test_of_a_gpu_it_is_said_what_took_it_and_what_others_hold(free, others, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free), int(8e9)))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: int(1.5e9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: int(2e9))
    said = memory.said_of(torch.device("cuda:0"))
    assert "it took 1.5 GB and wanted more" in said and "8.0 GB" in said and said.count("held by") == bool(others)
    assert others in said
    assert memory.said_of(torch.device("cpu")) == ""


@pytest.mark.parametrize(
    ("status", "others", "is_so"),
    [
        (-9, 1, True),
        (-9, 0, False),
        (-15, 1, False),
        (0, 1, False),
        (None, 1, False),
        (0xC0000017, 0, True),
        (-1073741801, 0, True),
    ],
)
def test_a_process_killed_for_memory_is_known(status, others, is_so, tmp_path, monkeypatch):
    """Of Linux the counter tells, as anyone may send SIGKILL; Windows has an exit status of its own."""
    monkeypatch.setattr(memory.posix, "OOM_COUNTERS", (tmp_path / "vmstat", tmp_path / "missing"))
    (tmp_path / "vmstat").write_text("pgfault 12\noom_kill 4\nnuma 7\n")
    before = memory.kills()
    assert before == 4
    (tmp_path / "vmstat").write_text(f"pgfault 12\noom_kill {4 + others}\nnuma 7\n")
    assert memory.was_killed_for_memory(status, before) == is_so


def test_what_is_short_within_is_told_with_its_remedy():
    with (
        pytest.raises(memory.OutOfMemory) as caught,
        memory.told(
            lambda: memory.OutOfMemory("A batch of 8 images did not fit", "choose 4", {"training.batch_size": 4})
        ),
    ):
        raise MemoryError
    assert_one_sentence(str(caught.value), "8 images", "choose 4")
    assert caught.value.remedy == {"training.batch_size": 4}
    with pytest.raises(ZeroDivisionError), memory.told(lambda: memory.OutOfMemory("", "")):
        raise ZeroDivisionError
