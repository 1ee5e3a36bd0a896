"""Trainings that a dashboard starts, done by the tests' own process: to import torch costs a worker more than such a training."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.runs.store import Run, list_runs, write_config
from core.runs.workspace import workspace_folder
from core.workers.dispatch import cpu_runs, set_cpu_runs
from core.workers.worker import work
from tests.helpers import PATIENCE, wait_until
from tests.pages.fake_runs import fake_run, running


@contextmanager
def without_workers(runs: Path) -> Iterator[None]:
    """For the length of a `with`, what is started in this folder waits: the one place of the CPU is taken, and somebody seems to
    serve the queue."""
    usual = cpu_runs(runs)
    set_cpu_runs(runs, 1)
    other = fake_run(runs, "starting")
    try:
        with running(other), FileLock(workspace_folder(runs) / "supervisor.lock", timeout=PATIENCE):
            yield
    finally:
        shutil.rmtree(other.folder)
        set_cpu_runs(runs, usual)


def train_started(
    runs: Path, before: set[Run], count: int, data: Path, smaller: Mapping[str, Any] | None = None
) -> list[Run]:
    """Trains the runs that came since to their ends, as soon as there are so many, and gives them, the oldest first. On a GPU a
    worker does it. `smaller`: values at paths of their configs that make them cost less."""

    def came() -> list[Run]:
        found = sorted(set(list_runs(runs)) - before, key=lambda run: run.id)
        ready = all(run.queue_place.exists() or run.has(Run.event_log) for run in found)
        return found if len(found) == count and ready else []

    found = wait_until(came, what=f"{count} runs are started", every=0.1)
    for run in found:
        if run.queue_place.exists():
            if smaller:
                write_config(run, run.config().with_changes(smaller), run.created())
            work(run, data)
    wait_until(lambda: all(run.status().name in ("finished", "failed") for run in found))
    return found
