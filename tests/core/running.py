"""What the worker's tests ask of a run."""

from core.runs.history import History
from core.training.checkpoints import load_checkpoint


def kinds(run):
    return [event["event"] for event in run.events()[0]]


def last_step(run):
    step = History(run).update().last_step
    return step["step"] if step else 0


def finite(path):
    return all(value.isfinite().all() for value in load_checkpoint(path)["model"].values() if value.is_floating_point())
