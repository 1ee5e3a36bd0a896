"""Histories of runs and what their networks said of pictures, read once for all visitors
and brought up to date by whoever looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from core.runs.history import History
from core.runs.predictions import Predictions, Split, read_predictions
from core.runs.store import Run

KEPT = 32  # things made from one state of a history: curves for the windows that visitors look at


@dataclass
class SharedHistory:
    """One run's history. `lock` lets one visitor at a time read on."""

    history: History
    lock: threading.RLock = field(default_factory=threading.RLock)
    _made: dict[Hashable, Any] = field(default_factory=dict)
    _made_at: int = -1  # offset in the log of the state that they were made from

    def update(self) -> History:
        """The history with what the log has got meanwhile."""
        with self.lock:
            return self.history.update()

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


def changed_at(path: Path) -> int:
    """When a file was changed, in nanoseconds; 0 where there is none. For what is kept as long as it stays the same."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def predictions_of(run: Run, split: Split) -> Predictions | None:
    """What a run's best network said of every picture of a split; None where that was not kept."""
    return _predictions(str(run.folder), split, changed_at(run.folder / f"{split}_predictions.npz"))


@st.cache_resource(max_entries=100, show_spinner=False)
def _predictions(folder: str, split: Split, changed: int) -> Predictions | None:
    return read_predictions(Run(Path(folder)), split)


@st.cache_resource(max_entries=64, show_spinner=False)
def _shared_history(folder: str) -> SharedHistory:
    return SharedHistory(History(Run(Path(folder))))
