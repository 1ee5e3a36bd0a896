"""What NVIDIA's library tells of GPUs, with a stand-in for it."""

import os
import sys
import types

import pytest

from core.machine.gpus import read_gpus, visible_gpus


class Library(types.ModuleType):
    """Speaks as pynvml does, of two GPUs; the second tells only its name."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __init__(self):
        super().__init__("pynvml")
        self.open = 0

    def nvmlInit(self):
        self.open += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return [b"NVIDIA H200", "Other"][handle]

    def _of_first(self, handle, value):
        if handle:
            raise self.NVMLError("not supported")
        return value

    def nvmlDeviceGetUUID(self, handle):
        return ["GPU-8f", b"GPU-9a"][handle]

    def nvmlDeviceGetUtilizationRates(self, handle):
        return self._of_first(handle, types.SimpleNamespace(gpu=93))

    def nvmlDeviceGetMemoryInfo(self, handle):
        return self._of_first(handle, types.SimpleNamespace(used=5_000, total=80_000))

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return self._of_first(handle, 61)

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._of_first(handle, 412_000)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return self._of_first(handle, [types.SimpleNamespace(pid=os.getpid(), usedGpuMemory=3_000)])


@pytest.fixture
def library(monkeypatch):
    found = Library()
    monkeypatch.setitem(sys.modules, "pynvml", found)
    return found


def test_each_gpu_tells_what_it_can(library):
    first, second = read_gpus()
    assert (first.index, first.name, first.use) == (0, "NVIDIA H200", 0.93)
    assert (first.memory_used, first.memory_total) == (5_000, 80_000)
    assert (first.temperature, first.power) == (61, 412)
    assert first.processes == {os.getpid(): 3_000}
    assert (second.name, second.uuid) == ("Other", "GPU-9a") and second.processes == {}
    assert {second.use, second.memory_used, second.temperature, second.power} == {None}
    assert library.open == 0, "the library is closed again"


@pytest.mark.parametrize("broken", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"])
def test_without_a_driver_or_with_a_broken_one_there_are_no_gpus(broken, library, monkeypatch):
    def refuse(*_):
        raise library.NVMLError("Driver Not Loaded")

    monkeypatch.setattr(library, broken, refuse)
    assert read_gpus() == [] and library.open == 0


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
