"""What the fault tests share: a queue of real trainings served by real processes, and a small disk that can be filled."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.runs.active_runs import active_runs
from core.runs.queue import waiting
from core.runs.store import Run, create_run
from core.workers.dispatch import ensure_supervisor, set_cpu_runs
from tests.helpers import quick_config, wait_until

SLOW = {"epoch_seconds": 1}  # seconds, of 20 steps: a step is under way, or waited for, at any moment


@pytest.fixture
def new(runs_folder: Path) -> Callable[..., Run]:
    """Stores a run of a few seconds."""

    def make(**settings) -> Run:
        settings = {"epochs": 3, "training": SLOW, **settings}
        return create_run(quick_config(**settings), runs_folder)

    return make


@pytest.fixture
def served(runs_folder: Path, data_folder: Path) -> Iterator[Callable[[], None]]:
    """A queue for one training at a time; call it to have a supervisor. Nothing is left running afterwards."""
    set_cpu_runs(runs_folder, 1)
    yield lambda: ensure_supervisor(runs_folder, data_folder)
    for entry in waiting(runs_folder):
        entry.run.queue_place.unlink(missing_ok=True)
    for process in [*supervisors(runs_folder), *workers(runs_folder)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended just now
            process.kill()
    wait_until(lambda: not active_runs(runs_folder))


def supervisors(runs_folder: Path) -> list[psutil.Process]:
    return _processes("core.workers.supervisor", runs_folder)


def workers(runs_folder: Path) -> list[psutil.Process]:
    return _processes("core.workers.worker", runs_folder)


def _processes(module: str, runs_folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if module in words and str(runs_folder) in " ".join(words) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB of its own, which needs the right to mount one; the build server's machines have it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    remount(folder, "rw")
    subprocess.run(["umount", "-l", folder], check=True)


def remount(folder: Path, how: str) -> None:
    """ "ro": from now on nothing can be written there; "rw": again it can."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


class Clock:
    """The clock of this process, set by so many seconds."""

    def __init__(self) -> None:
        self.shift, self._real = 0.0, time.time

    def __call__(self) -> float:
        return self._real() + self.shift


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock
