"""Histories of ended runs with long logs in short, kept beside the index: all but the steps and validations, and of those
enough for the curves.

With them fifty runs of a hundred thousand steps each are laid over each other in a second instead of ten. What is missing,
damaged or of a log that has changed since is passed over.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from core.errors import TrainDeskError
from core.files import write_atomically
from core.runs.curve import COLUMNS, VALIDATION_COLUMNS, StepCurve
from core.runs.history import History, Session
from core.runs.store import Run
from core.runs.thinning import LIMIT, thin
from core.runs.workspace import NAME, workspace_folder

LONG = 1_000_000  # bytes of a log from which on it pays
FORMAT = 2
_PLAIN = ("started", "test", "end", "last_step", "session", "epochs", "notices", "learning_rates", "trained_seconds")


def keep_short(run: Run, history: History) -> None:
    """Keeps the history, which is up to date, if the run has ended and its log is long. Nothing that prevents it is raised."""
    if history.end is None or history.offset < LONG:
        return
    content = {
        "format": FORMAT,
        "bytes": history.offset,
        "sessions": [asdict(session) for session in history.sessions],
        "curve": _thinned(history.curve, COLUMNS, "train/loss"),
        "validations": _thinned(history.validations, VALIDATION_COLUMNS, "val/loss"),
        **{name: getattr(history, name) for name in _PLAIN},
    }
    with contextlib.suppress(OSError, TrainDeskError):
        folder = workspace_folder(run.folder.parent) / "short"
        folder.mkdir(exist_ok=True)
        write_atomically(_path(run), json.dumps(content).encode(), sync=False)


def short_history(run: Run) -> History | None:
    """What was kept of a run: a history whose curve has LIMIT points, extremes among them. None where nothing fits."""
    try:
        content = json.loads(_path(run).read_bytes())
        if content["format"] != FORMAT or content["bytes"] != run.event_log.stat().st_size:
            return None
        history = History(run, offset=content["bytes"], **{name: content[name] for name in _PLAIN})
        history.sessions = [Session(**session) for session in content["sessions"]]
        history.curve.extend({name: np.array(content["curve"][name], dtype=float) for name in COLUMNS})
        history.validations.extend(
            {name: np.array(content["validations"][name], dtype=float) for name in VALIDATION_COLUMNS}
        )
        return history
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def tidy_short(runs_folder: Path, run_ids: set[str]) -> None:
    """Removes what was kept of runs that are gone; `run_ids` are those that are there."""
    with contextlib.suppress(OSError):
        for path in (runs_folder / NAME / "short").iterdir():
            if path.suffix == ".json" and path.stem not in run_ids:
                path.unlink()


def _thinned(curve: StepCurve, names: Sequence[str], metric: str) -> dict[str, list[float]]:
    """At most LIMIT rows, extremes of the column `metric` among them."""
    rows = thin(curve.column(metric), LIMIT)
    return {name: curve.column(name)[rows].tolist() for name in names}


def _path(run: Run) -> Path:
    return run.folder.parent / NAME / "short" / f"{run.id}.json"
