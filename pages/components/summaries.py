"""One line of facts per run, for lists: the index of the runs folder, shared by all visitors."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.paths import runs_folder
from core.runs.index import Index
from core.runs.store import Run
from core.runs.summary import Summary


def summaries() -> list[Summary]:
    """All runs, newest first."""
    return _index(str(runs_folder())).summaries()


def summary(run: Run) -> Summary:
    return _index(str(run.folder.parent)).summary(run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _index(folder: str) -> Index:
    return Index(Path(folder))
