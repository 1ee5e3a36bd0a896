"""Starting a run's worker as a process of its own, which outlives the page, the browser and the dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.errors import TrainDeskError
from core.paths import HOME
from core.runs.store import Run

_children: list[subprocess.Popen] = []  # kept to be reaped: an unreaped child stays in the process table


def launch(run: Run, data_folder: Path) -> None:
    """Starts `python -m core.worker` for the run, detached, and returns at once. Raises TrainDeskError if it cannot."""
    for child in list(_children):
        if child.poll() is not None:
            _children.remove(child)
    detached = (
        {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
        if sys.platform == "win32"
        else {"start_new_session": True}  # a Ctrl-C in the dashboard's terminal must not reach the training
    )
    command = [sys.executable, "-m", "core.worker", str(run.folder), "--data", str(data_folder)]
    try:
        with run.worker_log.open("ab") as log:
            _children.append(
                subprocess.Popen(
                    command,
                    cwd=HOME,
                    env=worker_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    **detached,
                )
            )
    except OSError as error:
        raise TrainDeskError(f"The training process could not be started ({error.strerror or error}).") from error


def worker_environment() -> dict[str, str]:
    """This process's environment with glibc told to keep freed memory.

    By default it returns big tensors to the kernel at every step and takes them anew: 1.15 to 1.33 times slower for
    small convolutional networks.
    """
    return {
        "MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TRIM_THRESHOLD_": "2147483647",
        **os.environ,
        "PYTHONUNBUFFERED": "1",
    }
