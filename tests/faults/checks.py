"""What must be true of a run's log, whatever happened to its processes."""

from __future__ import annotations

from core.runs.history import History
from core.runs.store import Run


def assert_each_step_once(run: Run) -> History:
    """The history holds every step once and in order, and every epoch."""
    history = History(run).update()
    steps = list(history.steps)
    assert steps == sorted(set(steps)), f"{run.id}: a step is doubled or out of order"
    epochs = [epoch["epoch"] for epoch in history.epochs]
    assert epochs == list(range(1, len(epochs) + 1)), f"{run.id}: {epochs}"
    return history


def assert_whole(run: Run) -> None:
    """It finished, and lacks nothing: every step of the plan is in the log, as if nothing had happened."""
    assert run.status().name == "finished", (run.id, run.status())
    history = assert_each_step_once(run)
    assert len(history.epochs) == run.config().training.epochs
    assert history.steps[-1] == history.started["total_steps"]
    assert history.test is not None and history.end["event"] == "finished"
