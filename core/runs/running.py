"""The training accuracy of the last pictures, as it changes from step to step, and at which place of the epochs a step is."""

from __future__ import annotations

import numpy as np

from core.runs.history import History

PICTURES = 1000  # whose mean a running training accuracy is: a batch alone jumps by several percent


def accuracy(history: History) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps (N,), Unix times (N,) and training accuracy (N,) over the last PICTURES (of one epoch at most) at each recorded step
    that has one."""
    steps, times, accuracies = step_columns(history, "step", "time", "train/accuracy")
    done, known = np.diff(steps, prepend=0.0), np.isfinite(accuracies)
    started = history.started or {}
    per_epoch = max(1, started.get("steps_per_epoch", 1))
    window = min(per_epoch, PICTURES / max(1.0, started.get("train_images", 1) / per_epoch))  # steps
    return steps[known], times[known], trailing_mean(accuracies[known], done[known], window)


def epochs_at(history: History, steps: np.ndarray) -> np.ndarray:
    """How many epochs were done after so many steps (N,), with fractions: float (N,). A run that went on with batches of another
    size has taken more or fewer steps in an epoch since."""
    sessions, usual = list(history.sessions), max(1, (history.started or {}).get("steps_per_epoch", 1))
    per_epoch = np.array([session.per_epoch or usual for session in sessions], dtype=float)
    if len(np.unique(per_epoch)) < 2:
        return steps / usual
    begins = np.array([session.step for session in sessions])
    done = np.concatenate([[0.0], np.cumsum(np.diff(begins) / per_epoch[:-1])])
    which = np.clip(np.searchsorted(begins, steps, side="left") - 1, 0, len(begins) - 1)
    return done[which] + (steps - begins[which]) / per_epoch[which]


def trailing_mean(values: np.ndarray, weights: np.ndarray, window: float) -> np.ndarray:
    """Mean (N,) at each place over what came last, until its weights reach `window` or there is no more."""
    weight, total = (np.concatenate([[0.0], np.cumsum(part)]) for part in (weights, weights * values))
    first = np.maximum(0, np.searchsorted(weight, weight[1:] - window + 1e-9, side="right") - 1)
    first = np.minimum(first, np.arange(len(values)))  # at least what was recorded there
    return (total[1:] - total[first]) / (weight[1:] - weight[first])


def step_columns(history: History, *names: str) -> list[np.ndarray]:
    """Columns of the steps, of the same length also while another thread reads on."""
    columns = [history.curve.column(name) for name in names]
    rows = min(map(len, columns))
    return [column[:rows] for column in columns]
