"""What the worker's tests ask of a run."""

import torch

from core.runs.history import History
from core.training.checkpoints import load_checkpoint


def kinds(run):
    return [event["event"] for event in run.events()[0]]


def last_step(run):
    step = History(run).update().last_step
    return step["step"] if step else 0


def finite(path):
    return all(value.isfinite().all() for value in load_checkpoint(path)["model"].values() if value.is_floating_point())


def same_weights(path, other):
    """Whether two checkpoints hold the same network bit for bit."""
    one, two = load_checkpoint(path)["model"], load_checkpoint(other)["model"]
    return list(one) == list(two) and all(torch.equal(one[name], two[name]) for name in one)
