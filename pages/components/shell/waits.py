"""When the runs that wait are expected to begin, reckoned once for all visitors."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from core.runs.queue import waiting
from core.workers.queue_estimates import Wait, estimated_waits

SECONDS = 2  # for which an answer is good: it reads the logs of runs of the same kind


def expected(runs_folder: Path) -> list[Wait]:
    """The queue in its order."""
    ids = tuple(entry.run.id for entry in waiting(runs_folder))
    return _expected(str(runs_folder), ids, int(time.time() // SECONDS)) if ids else []


@st.cache_data(max_entries=16, show_spinner=False)
def _expected(folder: str, ids: tuple[str, ...], moment: int) -> list[Wait]:
    return estimated_waits(Path(folder))
