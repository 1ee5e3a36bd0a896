"""Ending runs of an experiment that are hopeless: worse at an epoch than half of the others were at the same one.

The median stopping rule (Golovin et al. 2017, Google Vizier, section 3.2), as Optuna's MedianPruner has it.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from core.errors import TrainDeskError
from core.runs.history import History
from core.runs.store import Run, list_runs

FEWEST_OTHERS = 3  # runs that must have come as far; with fewer no run ends early
FIRST_EPOCH = 2  # before it no run ends early


def others_at(run: Run, experiment: str, runs_folder: Path) -> list[dict[int, float]]:
    """val/accuracy by epoch of every other run of the experiment."""
    found = []
    for other in list_runs(runs_folder):
        if other.id == run.id:
            continue
        try:
            if other.config().experiment != experiment:
                continue
        except TrainDeskError:
            continue
        curve = {
            int(epoch["epoch"]): float(epoch["val/accuracy"])
            for epoch in History(other).update().epochs
            if isinstance(epoch.get("val/accuracy"), int | float)
        }
        if curve:
            found.append(curve)
    return found


def as_far(own: dict[int, float], others: list[dict[int, float]]) -> list[float]:
    """What the others that have come as far had at the newest epoch of this one. All by epoch."""
    return [curve[max(own)] for curve in others if max(own) in curve]


def is_hopeless(own: dict[int, float], others: list[dict[int, float]]) -> bool:
    """Whether the best val/accuracy so far is below the median of what the others had at the same epoch. All by epoch."""
    reached = as_far(own, others)
    return max(own) >= FIRST_EPOCH and len(reached) >= FEWEST_OTHERS and max(own.values()) < median(reached)
