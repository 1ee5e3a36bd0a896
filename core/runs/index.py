"""Summaries of all runs of a folder, kept in SQLite so that a thousand of them are listed in hundredths of a second.

Nothing is true because the index says so: it is looked up only where a folder has not changed since. Delete the file and it
is made anew; without it, on a read-only disk for example, lists are only slower.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

from core.errors import TrainDeskError
from core.runs.events import ENDS
from core.runs.example import listed_example
from core.runs.history import History
from core.runs.short_log import keep_short, tidy_short
from core.runs.store import Run, list_runs
from core.runs.summary import DAMAGED, Summary, summarise
from core.runs.workspace import NAME, workspace_folder

VERSION = 3  # of what is stored; another one is thrown away
SETTLED = 2.0  # seconds after which a change in the same tick of the file system's clock cannot be missed
Print = tuple[int, int, int]  # times of the folder and of the log, size of the log


class Index:
    """The runs of one folder. Any thread may ask."""

    def __init__(self, runs_folder: Path):
        self._runs_folder = runs_folder
        self._guard = threading.RLock()
        self._known: dict[str, tuple[Print, Summary]] = {}
        self._histories: dict[str, History] = {}  # of runs whose log grows
        self._database: sqlite3.Connection | None = None
        self._is_loaded = False
        self._is_new = True

    def summaries(self) -> list[Summary]:
        """All runs, newest first, and the example last. Never raises for what the folder holds."""
        with self._guard:
            self._load()
            runs = [*list_runs(self._runs_folder), *filter(None, [listed_example(self._runs_folder)])]
            fresh: dict[str, tuple[Print, Summary]] = {}
            found = [self._summary(run, fresh) for run in runs]
            gone = self._known.keys() - {run.id for run in runs}
            for run_id in gone:
                del self._known[run_id]
                self._histories.pop(run_id, None)
            if gone or self._is_new:
                tidy_short(self._runs_folder, {run.id for run in runs})
                self._is_new = False
            self._store(fresh, gone)
            return found

    def summary(self, run: Run) -> Summary:
        """One run."""
        with self._guard:
            self._load()
            return self._summary(run, {})

    def _summary(self, run: Run, fresh: dict[str, tuple[Print, Summary]]) -> Summary:
        now = _print(run)
        known = self._known.get(run.id)
        if (
            known and known[0] == now and known[1].status in ENDS
        ):  # nobody went on with it: that would have left a trace
            return known[1]
        status = run.status()
        if known and known[0] == now and not status.is_active:
            return replace(
                known[1], status=known[1].status if known[1].status == DAMAGED else status.name, reason=status.reason
            )
        history = self._histories.get(run.id) or History(run)
        summary = summarise(run, history.update(), status.name, status.reason)
        if status.is_active:
            self._histories[run.id] = history
            return summary
        self._histories.pop(run.id, None)
        keep_short(run, history)
        if _is_settled(now):
            self._known[run.id] = (now, summary)
            if not summary.problem:  # which another version of the program may not find
                fresh[run.id] = (now, summary)
        return summary

    def _load(self) -> None:
        if self._is_loaded:
            return
        self._is_loaded = True
        for attempt in range(2):
            try:
                self._database = self._open()
                for run_id, mark, text in self._database.execute("select id, print, summary from runs"):
                    data = json.loads(text)
                    summary = Summary(**{**data, "tags": tuple(data["tags"]), "sparks": tuple(data["sparks"])})
                    self._known[run_id] = (tuple(json.loads(mark)), summary)
                return
            except (sqlite3.Error, TrainDeskError, OSError, ValueError, TypeError, KeyError):
                self._known.clear()
                self._close()
                if attempt == 0:
                    self._remove()

    def _open(self) -> sqlite3.Connection:
        path = workspace_folder(self._runs_folder) / "index.sqlite"
        database = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level=None)
        self._database = database
        database.execute("pragma journal_mode=wal")
        database.execute("pragma synchronous=off")  # lost in a power cut, it is made anew
        if database.execute("pragma user_version").fetchone()[0] != VERSION:
            database.execute("drop table if exists runs")
            database.execute(f"pragma user_version={VERSION}")
        database.execute("create table if not exists runs (id text primary key, print text, summary text)")
        return database

    def _store(self, fresh: dict[str, tuple[Print, Summary]], gone: set[str]) -> None:
        if self._database is None or not (fresh or gone):
            return
        rows = [(run_id, json.dumps(mark), json.dumps(asdict(summary))) for run_id, (mark, summary) in fresh.items()]
        try:
            self._database.execute("begin immediate")
            self._database.executemany("insert or replace into runs values (?, ?, ?)", rows)
            self._database.executemany("delete from runs where id = ?", [(run_id,) for run_id in gone])
            self._database.execute("commit")
        except sqlite3.Error:  # full or read-only disk, or another process removed it: this one goes on from memory
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("rollback")
            self._close()

    def _close(self) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def _remove(self) -> None:
        for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm"):
            with contextlib.suppress(OSError):
                (self._runs_folder / NAME / name).unlink()


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
