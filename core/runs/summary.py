"""What lists show of a run, gathered from its folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import TrainDeskError
from core.files import folder_size
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metadata import read_metadata, title_of
from core.runs.placement import placement_of
from core.runs.store import Run

SPARKS = 30  # values of a small curve
DAMAGED = "damaged"  # in place of a status: the config cannot be read


@dataclass(frozen=True)
class Summary:
    """One run in a list. `problem` is a sentence when its folder is damaged; what is not known is None or empty."""

    id: str
    title: str
    status: str
    reason: str
    note: str
    tags: tuple[str, ...]
    favourite: bool
    owner: str
    dataset: str
    architecture: str
    optimizer: str
    learning_rate: float | None  # that the optimizer starts with
    recipe: str
    experiment: str
    computer: str  # that trains or trained it; "": this one
    created: float  # Unix seconds
    planned: int  # epochs
    size: int  # bytes on the disk
    has_checkpoint: bool
    problem: str
    seconds: float | None  # of training
    epochs: int  # completed
    progress: float  # 0..1
    best_epoch: int | None
    val_accuracy: float | None  # of the best epoch, 0..1
    val_loss: float | None
    test_accuracy: float | None
    test_epoch: int | None  # whose network was tested, where a later one is the best now
    sparks: tuple[float, ...]  # val/accuracy, thinned


def summarise(run: Run, history: History, status_name: str, reason: str) -> Summary:
    """The facts of a run; `history` is up to date. Never raises for what a folder may hold."""
    config, problem = _config(run)
    facts = _facts(history)
    if history.is_damaged and not problem:
        problem = "Its log holds what this version does not understand."
    metadata = read_metadata(run)
    has_checkpoint = run.checkpoint() is not None
    placement = placement_of(run.folder)
    if not problem and facts.get("epochs") and not has_checkpoint and not placement.is_elsewhere:
        problem = "Its checkpoints are missing, so it cannot be tried or resumed."
    return Summary(
        id=run.id,
        **(vars(metadata) | {"title": title_of(run, config, metadata)}),
        status=status_name if config else DAMAGED,
        reason=reason,
        dataset=config.dataset.title() if config else "",
        architecture=config.architecture.label if config else "",
        optimizer=config.optimizer.label if config else "",
        learning_rate=config.optimizer.learning_rate if config else None,
        recipe=config.recipe if config else "",
        experiment=config.experiment if config else "",
        computer=placement.computer,
        created=run.created(),
        planned=config.training.epochs if config else 0,
        size=folder_size(run.folder),
        has_checkpoint=has_checkpoint,
        problem=problem,
        **facts,
    )


def unreadable(run: Run, problem: str) -> Summary:
    """Of a run of which only its age is known."""
    texts = ("reason", "note", "owner", "dataset", "architecture", "optimizer", "recipe", "experiment", "computer")
    zeros = ("planned", "size", "epochs", "progress")
    unknown = ("learning_rate", "seconds", "best_epoch", "val_accuracy", "val_loss", "test_accuracy", "test_epoch")
    known: dict[str, Any] = {
        "id": run.id,
        "title": run.id,
        "status": DAMAGED,
        "problem": problem,
        "tags": (),
        "sparks": (),
    }
    nothing: dict[str, Any] = {**dict.fromkeys(texts, ""), **dict.fromkeys(zeros, 0), **dict.fromkeys(unknown)}
    return Summary(**known, **nothing, created=run.created(), favourite=False, has_checkpoint=False)


def _config(run: Run) -> tuple[RunConfig | None, str]:
    try:
        return run.config(), ""
    except TrainDeskError as error:
        return None, str(error)


def _facts(history: History) -> dict[str, Any]:
    best, test = history.best_epoch() or {}, history.test or {}
    curve = _accuracies(history)
    places = np.linspace(0, len(curve) - 1, min(len(curve), SPARKS))  # first and last among them
    return {
        "seconds": history.elapsed(),
        "epochs": len(history.epochs),
        "progress": history.progress(),
        "best_epoch": int(best["epoch"]) if best else None,
        "val_accuracy": best.get("val/accuracy"),
        "val_loss": best.get("val/loss"),
        "test_accuracy": test.get("test/accuracy"),
        "test_epoch": history.outdated_test(),
        "sparks": tuple(round(curve[place], 4) for place in places.round().astype(int)),
    }


def _accuracies(history: History) -> list[float]:
    """val/accuracy at the ends of epochs and, where all images were measured, within them, in their order."""
    steps, _, values = history.within_epochs("val/accuracy")
    points = [*zip(steps.tolist(), values.tolist(), strict=True)]
    points += [(epoch.get("step", math.inf), epoch.get("val/accuracy")) for epoch in history.epochs]
    points.sort(key=lambda point: point[0])
    return [value for _, value in points if value is not None and math.isfinite(value)]
