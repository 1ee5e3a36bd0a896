"""Histories of runs, read once for all visitors and brought up to date by whoever looks."""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st

from core.runs.events import Event
from core.runs.history import History
from core.runs.store import Run


@dataclass
class SharedHistory:
    """One run's history, and its step curve in compact arrays. `lock` lets one visitor at a time read on."""

    history: History
    lock: threading.Lock = field(default_factory=threading.Lock)
    steps: array = field(default_factory=lambda: array("d"))
    losses: array = field(default_factory=lambda: array("d"))
    session: Event | None = None  # the one that the arrays belong to

    def update(self) -> History:
        with self.lock:
            self.history.update()
            if self.history.session is not self.session:  # it goes on from a checkpoint: later steps happen once more
                self.session = self.history.session
                del self.steps[:], self.losses[:]
            new = slice(len(self.steps), None)
            self.steps.extend(self.history.steps[new])
            self.losses.extend(float("nan") if loss is None else loss for loss in self.history.losses[new])
        return self.history

    def step_curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of (steps, train/loss), each (N,) float64, NaN where the loss was not a number."""
        with self.lock:
            return np.array(self.steps), np.array(self.losses)


def shared_history(run: Run) -> SharedHistory:
    """The one that all visitors of this run share, up to date."""
    shared = _shared_history(str(run.folder))
    shared.update()
    return shared


@st.cache_resource(max_entries=64, show_spinner=False)
def _shared_history(folder: str) -> SharedHistory:
    return SharedHistory(History(Run(Path(folder))))
