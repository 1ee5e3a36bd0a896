"""How long the runs of a sweep take together, said only where that follows from how long one of them takes."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from pathlib import Path

from core.analysis.compare import differences
from core.image_sets.splitting import TEST, TRAIN, VAL
from core.run_config import RunConfig
from core.runs.before_start import shared_out

SAME_WORK = {"schedule", "training.seed", "training.best_by"}  # what is computed in a step stays the same
SAME_WORK_OF = ("optimizer.", "loss.", "schedule.")  # also learning rate, weight decay, label smoothing ...
SCALED = {"training.epochs", "training.training_pictures"}
# work of measuring a picture, where learning from it is 1: about a third of the sums, and none backwards
FORWARD = 1 / 3


def seconds_of_all(
    seconds: float, known: RunConfig, configs: Sequence[RunConfig], speeds: Sequence[float], data_folder: Path
) -> float | None:
    """Of all runs when `known` takes `seconds` at a speed of 1, and as many are trained at once as there are speeds.

    None for one run, and where a varied setting changes the work in a way that only a measurement tells, or a run may end
    before its last epoch.
    """
    varied = {setting.path for setting in differences([known, *configs])}
    unknown = {path for path in varied if not _is_known(path)}
    if len(configs) < 2 or unknown or any(each.training.patience or each.training.prune for each in configs):
        return None
    totals: dict[int, float] = {}
    for config in [known, *configs]:
        limit = config.training.training_pictures
        if limit not in totals:
            totals[limit] = 1.0
            if "training.training_pictures" in varied:
                shared = shared_out(config, data_folder)
                totals[limit] = shared.total(TRAIN) + FORWARD * shared.total(VAL)
    tested = FORWARD * shared_out(known, data_folder).total(TEST) if "training.training_pictures" in varied else 0.0
    seconds_per_work = seconds / (_work(known, totals) + tested or 1.0)
    free = [(0.0, -speed) for speed in speeds]  # when each place has done its runs
    heapq.heapify(free)
    for config in configs:
        done, speed = free[0]
        heapq.heapreplace(free, (done + seconds_per_work * (_work(config, totals) + tested) / -speed, speed))
    return max(done for done, _ in free)


def _work(config: RunConfig, totals: dict[int, float]) -> float:
    return config.training.epochs * totals[config.training.training_pictures]


def _is_known(path: str) -> bool:
    return path in SAME_WORK | SCALED or path.startswith(SAME_WORK_OF) or path.endswith(".dropout")
