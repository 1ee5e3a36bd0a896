"""What is read once for all visitors and brought up to date by whoever looks: histories of runs, what their networks said of
pictures, one line of facts per run for lists (the example is one of them), and when runs that wait are expected to begin."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from core.paths import runs_folder
from core.runs.history import History
from core.runs.index import Index
from core.runs.predictions import Predictions, Split, read_predictions
from core.runs.queue import waiting
from core.runs.store import Run, run_at
from core.runs.summary import Summary
from core.text.numbers import percent
from core.workers.queue_estimates import Wait, estimated_waits

KEPT = 32  # things made from one state of a history: curves for the windows that visitors look at
GOOD_FOR = 2  # seconds that an estimate holds: it reads the logs of runs of the same kind


@dataclass
class SharedHistory:
    """One run's history. `lock` lets one visitor at a time read on."""

    history: History
    lock: threading.RLock = field(default_factory=threading.RLock)
    _made: dict[Hashable, Any] = field(default_factory=dict)
    _made_at: int = -1  # offset in the log of the state that they were made from
    _heard: float = 0.0  # when the log last grew, by the monotonic clock

    def update(self) -> History:
        """The history with what the log has got meanwhile."""
        with self.lock:
            before = self.history.offset
            self.history.update()
            if self.history.offset != before:
                self._heard = time.monotonic()
            return self.history

    def now(self) -> float:
        """Unix seconds by the clock of the log: that of this computer may be another one, or have been set since."""
        return self.history.told + time.monotonic() - self._heard

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for all visitors until the log grows. Whatever it depends on besides is in `key`."""
        with self.lock:
            if self._made_at != self.history.offset or len(self._made) > KEPT:
                self._made.clear()
                self._made_at = self.history.offset
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def shared_history(run: Run) -> SharedHistory:
    """The one that all visitors of this run share, up to date."""
    shared = _shared_history(str(run.folder))
    shared.update()
    return shared


def changed_at(path: Path) -> tuple[int, int]:
    """When a file was changed, in nanoseconds, and its bytes, as clocks of files may be coarse; zeros where there is none. For
    what is kept as long as it stays the same."""
    try:
        found = path.stat()
        return found.st_mtime_ns, found.st_size
    except OSError:
        return 0, 0


def predictions_of(run: Run, split: Split) -> Predictions | None:
    """What a run's best network said of every picture of a split; None where that was not kept."""
    return _predictions(str(run.folder), split, changed_at(run.folder / f"{split}_predictions.npz"))


@st.cache_resource(max_entries=100, show_spinner=False)
def _predictions(folder: str, split: Split, changed: tuple[int, int]) -> Predictions | None:
    return read_predictions(Run(Path(folder)), split)


@st.cache_resource(max_entries=256, show_spinner=False)  # more than the board of a class game has room for
def _shared_history(folder: str) -> SharedHistory:
    return SharedHistory(History(Run(Path(folder))))


def summaries() -> list[Summary]:
    """All runs, newest first; the example last, unless it is hidden."""
    return _index(str(runs_folder())).summaries()


def summary(run: Run) -> Summary:
    """The line of one run, also of one that no list has."""
    return _index(str(runs_folder() if run.is_example() else run.folder.parent)).summary(run)


def run_of(run_id: str) -> Run:
    """The run that a list names by this id."""
    return run_at(runs_folder(), run_id)


@st.cache_resource(max_entries=8, show_spinner=False)
def _index(folder: str) -> Index:
    return Index(Path(folder))


def expected(runs_folder: Path) -> list[Wait]:
    """The queue in its order, with when each of its runs is expected to begin."""
    ids = tuple(entry.run.id for entry in waiting(runs_folder))
    return _estimated(str(runs_folder), ids, int(time.time() // GOOD_FOR)) if ids else []


@st.cache_data(max_entries=16, show_spinner=False)
def _estimated(folder: str, ids: tuple[str, ...], moment: int) -> list[Wait]:
    return estimated_waits(Path(folder))


def networks_in_words(run: Run) -> dict[str, str]:
    """The networks that the run has kept, by the name of their checkpoints; the first answers unless another is chosen."""
    epochs = {int(epoch["epoch"]): epoch.get("val/accuracy") for epoch in shared_history(run).history.epochs}
    best = summary(run).best_epoch

    def said(name: str) -> str:
        epoch = {"best": best, "last": max(epochs, default=None)}.get(name) or (int(name) if name.isdecimal() else 0)
        score = f", {percent(epochs[epoch])} validation" if epochs.get(epoch) is not None else ""
        when = f": epoch {epoch}" if epoch and not name.isdecimal() else ""
        return f"{name_of(name).capitalize()}{when}{score}"

    return {name: said(name) for name in run.checkpoints()}


def name_of(which: str) -> str:
    """A checkpoint as people call it."""
    return f"epoch {which}" if which.isdecimal() else which
