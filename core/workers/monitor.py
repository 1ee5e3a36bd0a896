"""What this computer is doing: processor, memory, disk, each GPU, and which run uses how much of them."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.machine.gpus import Gpu, read_gpus
from core.machine.processes import living_pid
from core.runs.active_runs import active_runs
from core.runs.disk import disk_usage


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


def _gpu_memory(pid: int, gpus: Sequence[Gpu]) -> int | None:
    """Bytes that a process has on all of them; None where a driver does not tell who has how much."""
    told = [gpu.processes for gpu in gpus if gpu.processes is not None]
    used = [processes[pid] for processes in told if pid in processes]
    known = [each for each in used if each is not None]
    is_told = bool(used) or (bool(gpus) and len(told) == len(gpus))
    return sum(known) if is_told and len(known) == len(used) else None


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
            memory, disk = psutil.virtual_memory(), disk_usage(self._runs_folder)
            gpus = tuple(read_gpus())
            return System(
                time=time.time(),
                processor=None if is_first else sum(cores) / len(cores) / 100,
                cores=() if is_first else tuple(core / 100 for core in cores),
                memory_used=memory.total - memory.available,
                memory_total=memory.total,
                disk_free=disk.free if disk else None,
                disk_total=disk.total if disk else None,
                gpus=gpus,
                processes=tuple(self._processes(gpus)),
            )

    def _processes(self, gpus: Sequence[Gpu]) -> Iterator[Usage]:
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
                        gpu_memory=_gpu_memory(pid, gpus),
                        threads=process.num_threads(),
                        since=process.create_time(),
                        is_run=is_run,
                    )
