"""What NVIDIA's library tells of GPUs, with a stand-in for it."""

import os
import sys
import types

import pytest

from core.machine import gpus as module
from core.machine.gpus import forget_gpus, known_gpus, read_gpus, visible_gpus
from tests.helpers import wait_until


class Library(types.ModuleType):
    """Speaks as pynvml does, of two GPUs; the second tells only its name."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self):
        super().__init__("pynvml")
        self.open = self.opened = self.asked = 0
        self.used, self.processes = 5_000, [types.SimpleNamespace(pid=os.getpid(), usedGpuMemory=3_000)]

    def nvmlInit(self):
        self.open += 1
        self.opened += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetPciInfo(self, handle):
        return types.SimpleNamespace(busId=b"00000000:0%d:00.0" % (handle + 1))

    def nvmlDeviceGetCudaComputeCapability(self, handle):
        return (9, 0) if handle == 0 else (6, 1)

    def nvmlSystemGetCudaDriverVersion(self):
        return 12080

    def nvmlDeviceGetName(self, handle):
        return [b"NVIDIA H200", "Other"][handle]

    def _of_first(self, handle, value):
        if handle:
            raise self.NVMLError("not supported")
        return value

    def nvmlDeviceGetUUID(self, handle):
        return ["GPU-8f", b"GPU-9a"][handle]

    def nvmlDeviceGetUtilizationRates(self, handle):
        self.asked += 1
        return self._of_first(handle, types.SimpleNamespace(gpu=93))

    def nvmlDeviceGetMemoryInfo(self, handle):
        return self._of_first(handle, types.SimpleNamespace(used=self.used, total=80_000))

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return self._of_first(handle, 61)

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._of_first(handle, 412_000)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return self._of_first(handle, self.processes)


@pytest.fixture
def library(monkeypatch):
    found = Library()
    monkeypatch.setitem(sys.modules, "pynvml", found)
    forget_gpus()
    yield found
    forget_gpus()


def test_each_gpu_tells_what_it_can(library):
    first, second = read_gpus()
    assert (first.index, first.name, first.use) == (0, "NVIDIA H200", 0.93)
    assert (first.memory_used, first.memory_total) == (5_000, 80_000)
    assert (first.temperature, first.power) == (61, 412)
    assert first.processes == {os.getpid(): 3_000}
    assert (second.name, second.uuid) == ("Other", "GPU-9a") and second.processes is None
    assert {second.use, second.memory_used, second.temperature, second.power} == {None}
    assert (first.capability, second.capability, first.driver) == ((9, 0), (6, 1), 12080)


def test_the_library_stays_open_while_someone_asks_and_is_closed_when_nobody_does(library, monkeypatch):
    for _ in range(3):
        read_gpus()
    assert (library.open, library.opened) == (1, 1)
    monkeypatch.setattr(module, "STAYS_OPEN", 0.01)
    read_gpus()
    wait_until(lambda: library.open == 0)
    assert read_gpus() and library.opened == 2


def test_names_are_not_asked_for_again_and_again(library, monkeypatch):
    assert known_gpus() == known_gpus() == visible_gpus()
    assert library.asked == 2, "once of each"
    monkeypatch.setattr(module, "KEPT", -1.0)
    known_gpus()
    assert library.asked == 4


def test_a_gpu_that_sleeps_is_told_of_without_waking_it(library, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PCI", tmp_path)
    for place in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / place / "power").mkdir(parents=True)
        (tmp_path / place / "power" / "runtime_status").write_text("active\n")
    awake = read_gpus()
    asked = library.asked
    (tmp_path / "0000:01:00.0" / "power" / "runtime_status").write_text("suspended\n")
    first, second = read_gpus()
    assert library.asked == asked + 1, "the second alone"
    assert (first.name, first.memory_total, first.sleeps) == (awake[0].name, awake[0].memory_total, True)
    assert {first.use, first.memory_used, first.power} == {None} and not second.sleeps
    (tmp_path / "0000:02:00.0" / "power" / "runtime_status").write_text("suspended\n")
    module._close()
    assert all(gpu.sleeps for gpu in read_gpus())
    assert (library.open, library.asked) == (0, asked + 1), "nor is the library opened"


@pytest.mark.parametrize(
    ("pid", "used"), [(None, 2 * 10**9), (2**22 + 1, 5_000)], ids=["nobody is told of", "numbers of the host"]
)
def test_in_a_container_it_is_unknown_who_has_its_memory(pid, used, library):
    library.used = used
    library.processes = [] if pid is None else [types.SimpleNamespace(pid=pid, usedGpuMemory=3)]
    assert read_gpus()[0].processes is None
    library.used, library.processes = 5_000, []
    assert read_gpus()[0].processes == {}, "nobody is there"


@pytest.mark.parametrize("broken", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"])
def test_without_a_driver_or_with_a_broken_one_there_are_no_gpus(broken, library, monkeypatch):
    def refuse(*_):
        raise library.NVMLError("Driver Not Loaded")

    with monkeypatch.context() as patch:
        patch.setattr(library, broken, refuse)
        assert read_gpus() == [] and library.open == 0
    assert read_gpus() == [], "it is not asked again at once"
    monkeypatch.setattr(module, "ASKED_AGAIN", -1.0)
    assert len(read_gpus()) == 2, "but after a while"


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["NVIDIA H200", "Other"]),
        ("1", ["Other"]),
        ("1,0", ["Other", "NVIDIA H200"]),
        ("GPU-9a", ["Other"]),
        ("", []),
        ("-1", []),
        ("0,7,1", ["NVIDIA H200"]),
    ],
)
def test_a_training_sees_the_gpus_that_the_environment_names(visible, names, library, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [gpu.name for gpu in visible_gpus()] == names
