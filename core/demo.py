"""The 60-second demo: an MLP and a CNN learn the same digits side by side. What it starts, which demo there is for whoever
comes, and the way to take away all that it made and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import TrainDeskError
from core.files import read_json, write_atomically
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.companion import learn_in_step
from core.runs.store import Run, create_run
from core.runs.trash import delete_run
from core.runs.workspace import locked, workspace_folder
from core.settings.stored import stored_as
from core.workers.dispatch import submit

TITLES = ("MLP", "CNN")
ARCHITECTURES = ({"name": "mlp", "hidden": [200, 200]}, {"name": "simple_cnn", "channels": [16, 32, 64], "hidden": []})
EPOCHS, EPOCH_SECONDS = 3, 13.0  # so that people can follow: 39 seconds
# Both are asked after the same steps, every second or two.
ASKED = {"validation_share": 0.025, "validate_every": "80"}
KEPT = 500  # demos that are remembered
PATIENCE = 10.0  # seconds for a run to stop before it is taken away
LOOKED_BACK = 20  # demos of which one may run


def configs() -> list[RunConfig]:
    """The MLP's and the CNN's, which differ in nothing but the architecture."""
    # blends cannot be told in a sentence
    augmentation = find_recipe("digits").settings["augmentation"] | {"mixup": 0}
    same = {
        "dataset": {"name": "mnist", "normalisation": "standard"},
        "augmentation": augmentation,
        "optimizer": {"name": "adam", "learning_rate": 0.002},
        "schedule": "cosine",
        "training": {"epochs": EPOCHS, "epoch_seconds": EPOCH_SECONDS, "batch_size": 64, **ASKED},
    }
    return [
        RunConfig.from_dict({**same, "title": f"Demo: {title}", "architecture": part})
        for title, part in zip(TITLES, ARCHITECTURES, strict=True)
    ]


@dataclass(frozen=True)
class Demo:
    """One showing: its two runs, the MLP's and the CNN's, and whose it is."""

    owner: str
    runs: list[Run]

    def moves(self) -> bool:
        """Whether one of the two trains or will."""
        return any(run.status().will_change for run in self.runs)


@dataclass(frozen=True)
class _Note:
    """What is noted of a demo, so that its runs are found again."""

    owner: str = ""
    runs: tuple[str, ...] = ()  # ids, the MLP's first


class DemoRuns(TrainDeskError):
    """Another demo runs: it is the thing to look at."""


def start_demo(runs_folder: Path, data_folder: Path, owner: str) -> list[Run]:
    """Queues both, which start at once where there is room, and learn in step.

    Raises DemoRuns while another demo runs, and TrainDeskError when they cannot be started; then none is left to train.
    """
    made: list[Run] = []
    try:
        with locked(runs_folder, "demos"):  # two clicks at once start one demo
            if running(runs_folder):
                raise DemoRuns("A demo runs already on this computer; watch that one, or end it first.")
            for config in configs():
                made.append(create_run(config, runs_folder))
            remember(runs_folder, owner, made)
            for run in reversed(made):  # the CNN has more to do: the worker that waits is for it
                submit(run, data_folder, owner)
    except DemoRuns:
        raise
    except TrainDeskError:
        with contextlib.suppress(TrainDeskError):  # why it could not be started is the thing to say
            remove(runs_folder, owner, made)
        raise
    return made


def demos(runs_folder: Path) -> list[Demo]:
    """Those of which both runs are still there, the newest first."""
    found = []
    for note in reversed(_notes(runs_folder)):
        runs = _there(runs_folder, note)
        if len(runs) == len(TITLES):
            found.append(Demo(note.owner, runs))
    return found


def running(runs_folder: Path) -> Demo | None:
    """The one that runs or waits for room, whoever started it."""
    return next((demo for demo in demos(runs_folder)[:LOOKED_BACK] if demo.moves()), None)


def shown(runs_folder: Path, owner: str = "") -> Demo | None:
    """What a visitor of the demo's page finds: the demo that runs, else the newest of this owner, else the newest of all."""
    if now := running(runs_folder):
        return now
    known = demos(runs_folder)
    return next((demo for demo in known if demo.owner == owner), known[0] if known else None)


def made_by(runs_folder: Path, owner: str = "") -> list[Run]:
    """All runs that demos of this owner (without one: all demos) made and that are still there."""
    notes = [note for note in _notes(runs_folder) if not owner or note.owner == owner]
    return [run for note in notes for run in _there(runs_folder, note)]


def _there(runs_folder: Path, note: _Note) -> list[Run]:
    """Its runs that are still there; whatever else is noted, nothing outside the folder is one."""
    runs = [Run(runs_folder / run_id) for run_id in note.runs]
    return [run for run in runs if run.folder.parent == runs_folder and run.is_here()]


def remove(runs_folder: Path, owner: str = "", runs: list[Run] | None = None) -> int:
    """Ends and deletes what demos of this owner (without one: all demos) made, or these runs, into the trash. Returns how many.

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
            delete_run(run)
            removed += 1
        except TrainDeskError as error:
            problem = error
    if problem:
        raise problem
    return removed


def _notes(runs_folder: Path) -> list[_Note]:
    """Of each demo, the oldest first; what is damaged is left out."""
    said = read_json(workspace_folder(runs_folder) / "demos.json")
    notes = [stored_as(_Note, each) for each in said] if isinstance(said, list) else []
    return [note for note in notes if note.runs and all("/" not in each and each.strip(".") for each in note.runs)]


def remember(runs_folder: Path, owner: str, runs: list[Run]) -> None:
    """Notes that these runs are a demo of theirs, learning in step. Called with the lock of the demos. Raises TrainDeskError."""
    notes = [*_notes(runs_folder), _Note(owner, tuple(run.id for run in runs))][-KEPT:]
    try:
        for run, other in zip(runs, reversed(runs), strict=True):
            learn_in_step(run, other)
        write_atomically(
            workspace_folder(runs_folder) / "demos.json",
            json.dumps([asdict(note) for note in notes], indent=1).encode(),
        )
    except OSError as error:
        raise TrainDeskError(
            f"The demo cannot be noted in {runs_folder} ({error.strerror}); free some space."
        ) from error
