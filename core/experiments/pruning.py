"""Ending runs of an experiment that are hopeless: worse at an epoch than half of the others were at the same one.

The median stopping rule (Golovin et al. 2017, Google Vizier, section 3.2), as Optuna's MedianPruner has it.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from statistics import median

from core.errors import TrainDeskError
from core.files import read_json, write_atomically
from core.runs.history import History
from core.runs.store import Run, list_runs

FEWEST_OTHERS = 3  # runs that must have come as far; with fewer no run ends early
OTHERS = "others.json"  # in the folder of a run that is trained on another computer
FIRST_EPOCH = 2  # before it no run ends early


def others_at(run: Run, experiment: str, runs_folder: Path) -> list[dict[int, float]]:
    """val/accuracy by epoch of every other run of the experiment: as `tell_others` left them in the run's folder where they are
    trained on several computers, else of the runs beside it."""
    if (told := _told(run)) is not None:
        return told
    return [curve for run_id, curve in curves_of(experiment, runs_folder).items() if run_id != run.id]


def curves_of(experiment: str, runs_folder: Path) -> dict[str, dict[int, float]]:
    """val/accuracy by epoch of the runs of an experiment, by id."""
    found = {}
    for run in list_runs(runs_folder):
        try:
            if run.config().experiment != experiment:
                continue
        except TrainDeskError:
            continue
        curve = {
            int(epoch["epoch"]): float(epoch["val/accuracy"])
            for epoch in History(run).update().epochs
            if isinstance(epoch.get("val/accuracy"), int | float)
        }
        if curve:
            found[run.id] = curve
    return found


def tell_others(run: Run, others: list[list[list[float]]]) -> None:
    """Leaves in a run's folder what the others have on all computers: of each [epoch, val/accuracy] for every epoch.

    Raises OSError.
    """
    write_atomically(run.folder / OTHERS, json.dumps(others).encode(), sync=False)


def _told(run: Run) -> list[dict[int, float]] | None:
    """What was left there; None where nothing was. A curve that is damaged counts as nobody's."""
    if not (run.folder / OTHERS).is_file():
        return None
    said = read_json(run.folder / OTHERS)
    found = []
    for curve in said if isinstance(said, list) else ():
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            found.append({int(epoch): float(accuracy) for epoch, accuracy in curve})
    return found


def as_far(own: dict[int, float], others: list[dict[int, float]]) -> list[float]:
    """What the others that have come as far had at the newest epoch of this one. All by epoch."""
    return [curve[max(own)] for curve in others if max(own) in curve]


def is_hopeless(own: dict[int, float], others: list[dict[int, float]]) -> bool:
    """Whether the best val/accuracy so far is below the median of what the others had at the same epoch. All by epoch."""
    reached = as_far(own, others)
    return max(own) >= FIRST_EPOCH and len(reached) >= FEWEST_OTHERS and max(own.values()) < median(reached)
