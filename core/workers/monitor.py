"""What this computer is doing: processor, memory, disk, each GPU, and which run uses how much of them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.machine.processes import living_pid
from core.runs.active_runs import active_runs


@dataclass(frozen=True)
class Gpu:
    """One GPU; None where its driver does not tell."""

    index: int
    name: str
    use: float | None  # 0..1
    memory_used: int | None  # bytes
    memory_total: int | None
    temperature: float | None  # degrees Celsius
    power: float | None  # watts


@dataclass(frozen=True)
class Usage:
    """What one process of TrainDesk uses."""

    what: str  # a run's id, "waiting worker" or "dashboard"
    pid: int
    processor: float | None  # cores' worth; None at the first reading
    memory: int  # bytes
    gpu_memory: int | None  # bytes, of all GPUs; None where that is not known
    threads: int
    since: float  # Unix seconds
    is_run: bool


@dataclass(frozen=True)
class System:
    """One reading."""

    time: float  # Unix seconds
    processor: float | None  # 0..1 of all cores; None at the first reading
    cores: tuple[float, ...]  # each 0..1; empty at the first reading
    memory_used: int  # bytes
    memory_total: int
    disk_free: int | None  # bytes, of the disk with the runs
    disk_total: int | None
    gpus: tuple[Gpu, ...]
    processes: tuple[Usage, ...]


class Monitor:
    """Reads this computer again and again: the use of a processor is what was computed between two readings."""

    def __init__(self, runs_folder: Path):
        self._runs_folder = runs_folder
        self._known: dict[int, psutil.Process] = {}
        self._guard = threading.Lock()
        self._has_read = False

    def read(self) -> System:
        """The state now. Never raises for what a driver or another process does."""
        with self._guard:
            cores = psutil.cpu_percent(percpu=True)
            is_first, self._has_read = not self._has_read, True
            memory, disk = psutil.virtual_memory(), _disk(self._runs_folder)
            with _nvml() as nvml:
                gpus = tuple(_gpus(nvml)) if nvml else ()
                gpu_memory = _gpu_memory(nvml) if nvml else {}
            processes = tuple(self._processes(gpu_memory, bool(gpus)))
            return System(
                time=time.time(),
                processor=None if is_first else sum(cores) / len(cores) / 100,
                cores=() if is_first else tuple(core / 100 for core in cores),
                memory_used=memory.total - memory.available,
                memory_total=memory.total,
                disk_free=disk[1] if disk else None,
                disk_total=disk[0] if disk else None,
                gpus=gpus,
                processes=processes,
            )

    def _processes(self, gpu_memory: dict[int, int], has_gpus: bool) -> Iterator[Usage]:
        found = [(run.id, pid, True) for run in active_runs(self._runs_folder) if (pid := living_pid(run.worker_pid))]
        runs = {pid for _, pid, _ in found}
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):
                    if child.pid not in runs and "core.workers.standby" in child.cmdline():
                        found.append(("waiting worker", child.pid, False))
        found.append(("dashboard", os.getpid(), False))
        self._known = {pid: process for pid, process in self._known.items() if pid in {pid for _, pid, _ in found}}
        for what, pid, is_run in found:
            with contextlib.suppress(psutil.Error):
                is_new = pid not in self._known
                process = self._known.setdefault(pid, psutil.Process(pid))
                with process.oneshot():
                    processor = process.cpu_percent()  # since the last reading
                    yield Usage(
                        what=what,
                        pid=pid,
                        processor=None if is_new else processor / 100,
                        memory=process.memory_info().rss,
                        gpu_memory=gpu_memory.get(pid, 0) if has_gpus else None,
                        threads=process.num_threads(),
                        since=process.create_time(),
                        is_run=is_run,
                    )


@contextlib.contextmanager
def _nvml() -> Iterator[Any]:
    """NVIDIA's management library, or None where there is no driver."""
    if sys.platform == "darwin":
        yield None
        return
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no library, no driver, no permission: each has an error of its own
        yield None
        return
    try:
        yield pynvml
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _gpus(nvml: Any) -> Iterator[Gpu]:
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)

        def ask(question: str, *arguments: Any, handle: Any = handle) -> Any:
            try:
                return getattr(nvml, question)(handle, *arguments)
            except nvml.NVMLError:  # this GPU or driver does not tell
                return None

        name, use, memory = (
            ask("nvmlDeviceGetName"),
            ask("nvmlDeviceGetUtilizationRates"),
            ask("nvmlDeviceGetMemoryInfo"),
        )
        temperature = ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU)
        power = ask("nvmlDeviceGetPowerUsage")  # milliwatts
        yield Gpu(
            index=index,
            name=name.decode() if isinstance(name, bytes) else name or f"GPU {index}",
            use=None if use is None else use.gpu / 100,
            memory_used=None if memory is None else memory.used,
            memory_total=None if memory is None else memory.total,
            temperature=None if temperature is None else float(temperature),
            power=None if power is None else power / 1000,
        )


def _gpu_memory(nvml: Any) -> dict[int, int]:
    """Bytes of GPU memory of each process that computes on one."""
    used: dict[int, int] = {}
    for index in range(nvml.nvmlDeviceGetCount()):
        with contextlib.suppress(nvml.NVMLError):
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(nvml.nvmlDeviceGetHandleByIndex(index)):
                used[process.pid] = used.get(process.pid, 0) + (process.usedGpuMemory or 0)
    return used


def _disk(runs_folder: Path) -> tuple[int, int] | None:
    """Bytes in all and free, of the disk with the runs."""
    for folder in (runs_folder, *runs_folder.parents):
        with contextlib.suppress(OSError):
            found = psutil.disk_usage(str(folder))
            return found.total, found.free
    return None
