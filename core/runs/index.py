"""Summaries of all runs of a folder, kept in one file so that a thousand of them are listed in hundredths of a second.

Nothing is true because the index says so: it is looked up only where a folder has not changed since. Delete the file and it
is made anew; without it, on a read-only disk for example, lists are only slower.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass, field, replace
from logging import getLogger
from pathlib import Path

from core import errors
from core.errors import TrainDeskError
from core.files import write_atomically
from core.runs.events import ENDS
from core.runs.example import listed_example
from core.runs.history import History
from core.runs.store import Run, run_folders
from core.runs.summary import DAMAGED, Summary, summarise, unreadable
from core.runs.workspace import NAME, workspace_folder
from core.settings.stored import read_stored

FILE = "index.json"  # in the workspace
VERSION = 6  # of what is stored; another one is passed over
SETTLED = 2.0  # seconds after which a change in the same tick of the file system's clock cannot be missed
Print = tuple[int, int, int]  # times of the folder and of the log, size of the log


@dataclass(frozen=True)
class _Stored:
    """What the file holds."""

    version: int = 0
    runs: dict[str, tuple[Print, Summary]] = field(default_factory=dict)


class Index:
    """The runs of one folder. Any thread may ask."""

    def __init__(self, runs_folder: Path):
        self._runs_folder = runs_folder
        self._guard = threading.RLock()
        self._known: dict[str, tuple[Print, Summary]] = {}
        self._histories: dict[str, History] = {}  # of runs whose log grows
        self._is_loaded = False

    def summaries(self) -> list[Summary]:
        """All runs, newest first, and the example last. Never raises for what the folder holds."""
        with self._guard:
            self._load()
            before = dict(self._known)
            found = [self._whatever(run) for run in run_folders(self._runs_folder)]
            found.sort(key=lambda each: (each.created, each.id), reverse=True)
            found += [self._whatever(run) for run in filter(None, [listed_example(self._runs_folder)])]
            for gone in self._known.keys() - {each.id for each in found}:
                del self._known[gone]
                self._histories.pop(gone, None)
            if self._known != before:
                self._store()
            return found

    def summary(self, run: Run) -> Summary:
        """One run."""
        with self._guard:
            self._load()
            return self._whatever(run)

    def _whatever(self, run: Run) -> Summary:
        """Its summary; of a folder that no check foresaw one that says so."""
        try:
            return self._summary(run)
        except errors.UNFORESEEN as error:
            getLogger(__name__).exception("run %s cannot be summarised", run.id)
            return unreadable(run, f"Its folder is damaged ({type(error).__name__}).")

    def _summary(self, run: Run) -> Summary:
        now = _print(run)
        mark, known = self._known.get(run.id, (None, None))
        if known and mark == now and (known.status in ENDS or known.status == "queued"):
            return known  # nobody went on with it, or started it: that would have left a trace
        status = run.status()
        if known and mark == now and not status.is_active:
            return replace(known, status=DAMAGED if known.status == DAMAGED else status.name, reason=status.reason)
        history = self._histories.get(run.id) or History(run)
        summary = summarise(run, history.update(), status.name, status.reason)
        if status.is_active:
            self._histories[run.id] = history
            return summary
        self._histories.pop(run.id, None)
        if _is_settled(now):
            self._known[run.id] = (now, summary)
        return summary

    def _load(self) -> None:
        if not self._is_loaded:
            self._is_loaded = True
            stored = read_stored(_Stored, self._runs_folder / NAME / FILE)
            self._known = stored.runs if stored.version == VERSION else {}

    def _store(self) -> None:
        """Not what has a problem, which another version of the program may not find."""
        rows = {run_id: (mark, vars(each)) for run_id, (mark, each) in self._known.items() if not each.problem}
        data = json.dumps({"version": VERSION, "runs": rows}).encode()
        with contextlib.suppress(OSError, TrainDeskError):  # a full or read-only disk: this process goes on from memory
            write_atomically(workspace_folder(self._runs_folder) / FILE, data, sync=False)


def _print(run: Run) -> Print:
    """What changes whenever anything changes that a summary tells: files are replaced or appear, or the log grows."""
    with contextlib.suppress(OSError):
        folder = os.stat(run.folder)
        with contextlib.suppress(OSError):
            log = os.stat(run.event_log)
            return folder.st_mtime_ns, log.st_mtime_ns, log.st_size
        return folder.st_mtime_ns, 0, 0
    return 0, 0, 0


def _is_settled(mark: Print) -> bool:
    """Whether the last change is long enough ago that another one must have another time."""
    return time.time() - max(mark[0], mark[1]) / 1e9 > SETTLED
