"""The 60-second demo: an MLP and a CNN learn the same digits side by side. What it starts, what is told meanwhile, and the way
to take away all that it made and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from core.config import RunConfig
from core.errors import TrainDeskError
from core.files import write_atomically
from core.percent import percent
from core.recipes import find_recipe
from core.runs.belongings import belongings, locked
from core.runs.dispatch import submit
from core.runs.history import History
from core.runs.store import Run, create_run
from core.runs.trash import delete

TITLES = ("MLP", "CNN")
ARCHITECTURES = ({"name": "mlp", "hidden": [200, 200]}, {"name": "improved_cnn", "channels": [32, 64], "dropout": 0.5})
EPOCHS, SHORTEST_EPOCH = 60, 0.6  # so that people can follow: 36 seconds
KEPT = 500  # demos that are remembered
PATIENCE = 10.0  # seconds for a run to stop before it is taken away
GUESSING, GOOD, NEARLY = 0.3, 0.85, 0.95  # val accuracies at which the story goes on


def configs() -> list[RunConfig]:
    """The MLP's and the CNN's, which differ in nothing but the architecture."""
    data = find_recipe("digits").config().to_dict()
    data["optimizer"] = {"name": "adam", "learning_rate": 0.001}
    data["augmentation"] = {**data["augmentation"], "mixup": 0}  # or the training loss could not be told in a sentence
    training = {"epochs": EPOCHS, "shortest_epoch": SHORTEST_EPOCH, "batch_size": 64, "validation_share": 0.2}
    return [
        RunConfig.from_dict(
            {**data, "recipe": "", "title": f"Demo: {title}", "architecture": part, "training": training}
        )
        for title, part in zip(TITLES, ARCHITECTURES, strict=True)
    ]


def begin(runs_folder: Path, data_folder: Path, owner: str) -> list[Run]:
    """Queues both, which start at once where there is room. Raises TrainDeskError; then none is left to train."""
    made: list[Run] = []
    try:
        for config in configs():
            made.append(create_run(config, runs_folder))
        _note(runs_folder, owner, made)
        for run in made:
            submit(run, data_folder, owner)
    except TrainDeskError:
        with contextlib.suppress(TrainDeskError):  # why it could not be started is the thing to say
            remove(runs_folder, owner, made)
        raise
    return made


def latest(runs_folder: Path, owner: str) -> list[Run]:
    """The MLP and the CNN of this owner's newest demo; none when one of them is gone."""
    runs = [
        Run(runs_folder / run_id)
        for run_id in next((ids for who, ids in reversed(_notes(runs_folder)) if who == owner), [])
    ]
    return runs if runs and all(run.config_file.is_file() for run in runs) else []


def made_by(runs_folder: Path, owner: str) -> list[Run]:
    """All runs that demos of this owner made and that are still there."""
    runs = [Run(runs_folder / run_id) for who, ids in _notes(runs_folder) if who == owner for run_id in ids]
    return [run for run in runs if run.config_file.is_file()]


def remove(runs_folder: Path, owner: str, runs: list[Run] | None = None) -> int:
    """Ends and deletes what demos of this owner made (or these runs), into the trash. Returns how many.

    Raises TrainDeskError when one of them does not stop, after the others were deleted.
    """
    problem: TrainDeskError | None = None
    runs = made_by(runs_folder, owner) if runs is None else runs
    for run in runs:
        if run.status().is_active:
            with contextlib.suppress(OSError):
                run.request_stop()
    removed, until = 0, time.monotonic() + PATIENCE
    for run in runs:
        while run.status().is_active and time.monotonic() < until:
            time.sleep(0.05)
        try:
            delete(run)
            removed += 1
        except TrainDeskError as error:
            problem = error
    if problem:
        raise problem
    return removed


@dataclass(frozen=True)
class Learner:
    """How far one of the two is."""

    title: str
    status: str
    epoch: int
    accuracy: float | None  # on the val images, after the last epoch
    test: float | None
    test_images: int

    @classmethod
    def of(cls, title: str, run: Run, history: History) -> Learner:
        test = history.test or {}
        last = history.epochs[-1] if history.epochs else {}
        return cls(
            title,
            run.status().name,
            int(last.get("epoch", 0)),
            last.get("val/accuracy"),
            test.get("test/accuracy"),
            int(test.get("images", 0)),
        )


def told(first: Learner, second: Learner) -> str:
    """What is to be said at this moment, two or three sentences for people who have never seen a network learn."""
    both = (first, second)
    for learner in both:
        if learner.status in ("failed", "interrupted", "paused", "stopped"):
            return f"The training of the {learner.title} was {_ended(learner.status)}. Replay the demo to see it to the end."
    if all(learner.test is not None for learner in both):
        return _result(first, second)
    if any(learner.status == "queued" for learner in both):
        return "Another training is at work on this computer. The demo goes on as soon as there is room."
    known = [learner.accuracy for learner in both if learner.accuracy is not None]
    if len(known) < len(both):
        return (
            f"Two networks are made: the {first.title} looks at all pixels at once, the {second.title} slides small filters over "
            "the picture. Their weights are random numbers; they know nothing."
        )
    worse, better = sorted(both, key=lambda learner: learner.accuracy or 0.0)
    lead = f"{percent(better.accuracy)} to {percent(worse.accuracy)}"
    if max(known) < GUESSING:
        return "They guess: of ten digits, one is right by luck. After every mistake, each weight is moved a tiny bit."
    if max(known) < GOOD:
        return (
            f"It begins. After each epoch, a round through all training pictures, both are asked about pictures they never train "
            f"on. The {better.title} is ahead, {lead}."
        )
    if min(known) < NEARLY:
        return (
            f"Most digits are right now ({lead}). What is left is hard: sevens that look like ones, eights that are not closed. "
            "The pictures are slanted and moved each time, so that nothing is learned by heart."
        )
    return (
        f"Both are good now ({lead}). What is learned in these last rounds shows little in the curve, and helps with handwriting "
        "that neither has seen. Yours, in a moment."
    )


def _result(first: Learner, second: Learner) -> str:
    worse, better = sorted((first, second), key=lambda learner: learner.test or 0.0)
    images = f"{better.test_images:,} digits that were kept away from both until now"
    if worse.test == better.test:
        return f"Done. Of {images}, both read {percent(better.test)}. Now draw one: whom do you trust?"
    return (
        f"Done. Of {images}, the {better.title} reads {percent(better.test)} and the {worse.title} {percent(worse.test)}. "
        "Now draw one: whom do you trust?"
    )


def _ended(status: str) -> str:
    return {"failed": "ended by an error", "interrupted": "interrupted"}.get(status, status)


def _notes(runs_folder: Path) -> list[tuple[str, list[str]]]:
    """(owner, run ids) of each demo, the oldest first; what is damaged is left out."""
    try:
        data = json.loads((belongings(runs_folder) / "demos.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    found = []
    for entry in data if isinstance(data, list) else []:
        ids = entry.get("runs") if isinstance(entry, dict) else None
        if isinstance(ids, list) and all(isinstance(each, str) and "/" not in each and each.strip(".") for each in ids):
            found.append((str(entry.get("owner", "")), ids))
    return found


def _note(runs_folder: Path, owner: str, runs: list[Run]) -> None:
    """Raises TrainDeskError."""
    with locked(runs_folder, "demos"):
        notes = [*_notes(runs_folder), (owner, [run.id for run in runs])][-KEPT:]
        data = [{"owner": who, "runs": ids} for who, ids in notes]
        try:
            write_atomically(belongings(runs_folder) / "demos.json", json.dumps(data, indent=1).encode())
        except OSError as error:
            raise TrainDeskError(
                f"The demo cannot be noted in {runs_folder} ({error.strerror}); free some space."
            ) from error
