"""Which runs of a folder are being trained, found fast: a thousand folders are looked at twice a second."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from core.runs.events import ENDS, last_event
from core.runs.store import Run, list_runs

_ended: dict[str, tuple[int, int]] = {}  # folder -> time and size of a log that ends with an end
_guard = threading.Lock()


def active_runs(runs_folder: Path) -> list[Run]:
    """Those with a worker at work or on its way, newest first."""
    return [run for run in list_runs(runs_folder) if not _is_known_to_be_over(run) and run.status().is_active]


def _is_known_to_be_over(run: Run) -> bool:
    """Whether the log ended when it was last read and nothing happened since, or nothing ever happened. Never true of a run that
    begins, or begins again: its mark comes first, and its worker writes the log as soon as it has the lock."""
    if run.has(Run.starting_mark):
        return False
    try:
        log = os.stat(f"{run.folder}/{Run.event_log.name}")
    except OSError:
        return not run.has(Run.worker_lock)
    now = log.st_mtime_ns, log.st_size
    with _guard:
        if _ended.get(str(run.folder)) == now:
            return True
    last = last_event(run.event_log)
    if last is None or last["event"] not in ENDS or run.worker_is_alive():
        return False
    with _guard:
        _ended[str(run.folder)] = now
    return True
