"""Ending runs of an experiment that are hopeless: worse at an epoch than half of the others were at the same one.

The rule is Optuna's MedianPruner (Golovin et al. 2017, Google Vizier, section 3.2: the median stopping rule).
"""

from __future__ import annotations

from pathlib import Path

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


def is_hopeless(own: dict[int, float], others: list[dict[int, float]]) -> bool:
    """Whether the best val/accuracy so far is below the median of the others' best up to the same epoch."""
    import optuna

    epoch = max(own)
    as_far = [curve for curve in others if max(curve) >= epoch]
    if epoch < FIRST_EPOCH or len(as_far) < FEWEST_OTHERS:
        return False
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=FEWEST_OTHERS, n_warmup_steps=FIRST_EPOCH - 1)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for curve in as_far:
        study.add_trial(optuna.trial.create_trial(value=max(curve.values()), intermediate_values=curve))
    trial = study.ask()
    for number, accuracy in own.items():
        trial.report(accuracy, number)
    return bool(trial.should_prune())
