"""One line of facts per run, for lists: the index of the runs folder, shared by all visitors. The example is one of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.paths import runs_folder
from core.runs.index import Index
from core.runs.store import Run, run_at
from core.runs.summary import Summary


def summaries() -> list[Summary]:
    """All runs, newest first; the example last, unless it is hidden."""
    return _index(str(runs_folder())).summaries()


def summary(run: Run) -> Summary:
    return _index(str(runs_folder() if run.is_example() else run.folder.parent)).summary(run)


def run_of(run_id: str) -> Run:
    """The run that a list names by this id."""
    return run_at(runs_folder(), run_id)


@st.cache_resource(max_entries=8, show_spinner=False)
def _index(folder: str) -> Index:
    return Index(Path(folder))
