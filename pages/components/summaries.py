"""One line of facts per run, for lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.runs.history import History
from core.runs.store import Run
from pages.components.describe import read_config, title_of


@dataclass(frozen=True)
class Summary:
    """What a list shows of a run. `problem` is a sentence when its folder is damaged."""

    id: str
    title: str
    status: str
    dataset: str
    architecture: str
    val_accuracy: float | None  # of the best epoch, 0..1
    test_accuracy: float | None
    started: float  # Unix seconds
    seconds: float | None
    problem: str = ""


def summary(run: Run) -> Summary:
    """Reads a run's log only when it has grown since the last look. Never raises."""
    config, problem = read_config(run)
    status = "damaged" if problem else run.status().name
    try:
        stat = run.event_log.stat()
        val, test, seconds = _scores(str(run.folder), stat.st_size, stat.st_mtime_ns)
    except OSError:
        val = test = seconds = None
    return Summary(
        id=run.id,
        title=title_of(run, config),
        status=status,
        dataset=config.dataset.label if config else "",
        architecture=config.architecture.label if config else "",
        val_accuracy=val,
        test_accuracy=test,
        started=run.created(),
        seconds=seconds,
        problem=problem,
    )


@st.cache_data(max_entries=2000, show_spinner=False)
def _scores(folder: str, size: int, changed: int) -> tuple[float | None, float | None, float | None]:
    history = History(Run(Path(folder)))
    try:
        history.update()
    except (KeyError, TypeError):  # a log written by something else
        return None, None, None
    best = history.best_epoch()
    return (
        best.get("val/accuracy") if best else None,
        history.test.get("test/accuracy") if history.test else None,
        history.elapsed(),
    )
