"""Readings of this computer, for the page of the computer and those of runs: taken once for all visitors."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from core.paths import runs_folder
from core.workers.monitor import Monitor, System

REFRESH_SECONDS = 2.0
KEPT = 60  # readings, two minutes


@dataclass
class Watch:
    """Readings of this computer, shared by all visitors: whoever looks takes one if the last is old enough."""

    monitor: Monitor
    readings: deque[System] = field(default_factory=lambda: deque(maxlen=KEPT))
    guard: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> list[System]:
        """The readings so far, oldest first, the last of them fresh."""
        with self.guard:
            last = self.readings[-1] if self.readings else None
            if last is None or time.time() - last.time > REFRESH_SECONDS / 2:
                self.readings.append(self.monitor.read())
            return list(self.readings)


def watch() -> Watch:
    """That of this dashboard's runs."""
    return _watch(str(runs_folder()))


@st.cache_resource(show_spinner=False)
def _watch(folder: str) -> Watch:
    return Watch(Monitor(Path(folder)))
