"""One line of facts per run, for lists, and when the runs that wait are expected to begin; both shared by all visitors.
The example is one of the runs."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from core.paths import runs_folder
from core.runs.index import Index
from core.runs.queue import waiting
from core.runs.store import Run, run_at
from core.runs.summary import Summary
from core.workers.queue_estimates import Wait, estimated_waits

GOOD_FOR = 2  # seconds that an estimate holds: it reads the logs of runs of the same kind


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
