"""The queue: runs that wait for their turn. Each keeps its place in its own folder, so nothing is lost with a process."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from core.errors import TrainDeskError
from core.files import parse_json
from core.runs.active_runs import active_runs
from core.runs.example import refuse_example
from core.runs.metadata import read_metadata
from core.runs.store import Run
from core.runs.workspace import locked as locked_by_name
from core.settings.stored import stored_as, write_stored

LAUNCHES = 3  # tries to start a run whose process dies before it says a word; then it leaves the queue


@dataclass(frozen=True)
class QueuePlace:
    """What the file `queued` holds. The run of the lowest rank is the next; a damaged place is the last."""

    rank: float = math.inf
    owner: str = ""  # who asked for it
    since: float = 0.0  # Unix seconds
    launches: int = 0  # tries to start it that came to nothing


@dataclass(frozen=True)
class QueuedRun(QueuePlace):
    """A run that waits, and its place."""

    run: Run = field(kw_only=True)


@contextlib.contextmanager
def locked(runs_folder: Path) -> Iterator[None]:
    """Whoever changes the queue or starts a run holds this. Not to be nested. Raises TrainDeskError."""
    with locked_by_name(runs_folder, "queue"):
        yield


def waiting(runs_folder: Path) -> list[QueuedRun]:
    """The queue in the order in which it will be served."""
    entries = []
    with contextlib.suppress(OSError), os.scandir(runs_folder) as folders:
        for folder in folders:
            if not folder.name.startswith(".") and (entry := read_queued_run(Run(runs_folder / folder.name))):
                entries.append(entry)
    return sorted(entries, key=lambda entry: (entry.rank, entry.run.id))


def enqueue(run: Run, owner: str = "") -> None:
    """Puts a run into the queue: last, but before the second run of those who wait with more than this owner.

    So everyone's first run comes before anyone's second. Raises TrainDeskError.
    """
    refuse_example(run, "trained on")
    runs_folder = run.folder.parent
    with locked(runs_folder):
        entries = [entry for entry in waiting(runs_folder) if entry.run != run]
        place = _fair_place(entries, owner, Counter(read_metadata(active).owner for active in active_runs(runs_folder)))
        _write(QueuedRun(_between(entries, place), owner, time.time(), run=run))


def withdraw(run: Run) -> bool:
    """Takes a run out of the queue. False if it is not in it, or has just been started."""
    with locked(run.folder.parent):
        if run.is_on_its_way() or not run.queue_place.exists():
            return False
        run.queue_place.unlink(missing_ok=True)
        return True


def move(run: Run, where: Literal["up", "down", "first"]) -> None:
    """Changes a run's place by one, or makes it the next. Raises TrainDeskError when it does not wait."""
    with locked(run.folder.parent):
        entries = waiting(run.folder.parent)
        here = next((index for index, entry in enumerate(entries) if entry.run == run), None)
        if here is None:
            raise TrainDeskError(f"Run {run.id} does not wait in the queue any more; its page says what it does.")
        place = {"up": max(0, here - 1), "down": min(here + 1, len(entries) - 1), "first": 0}[where]
        entry = entries.pop(here)
        _write(replace(entry, rank=_between(entries, place)))


def note_launch(entry: QueuedRun) -> None:
    """Counts a try to start it. Raises TrainDeskError."""
    _write(replace(entry, launches=entry.launches + 1))


def read_queued_run(run: Run) -> QueuedRun | None:
    """The run's place; None when it does not wait. A damaged one waits at the end."""
    try:
        said = parse_json(run.queue_place.read_bytes())
    except OSError:
        return None
    return QueuedRun(**vars(stored_as(QueuePlace, said)), run=run)


def _fair_place(entries: list[QueuedRun], owner: str, active: Counter[str]) -> int:
    """Behind everyone who has no more runs before that one than this owner has in all."""
    mine = active[owner] + sum(entry.owner == owner for entry in entries)
    counts, place = Counter(active), 0
    for index, entry in enumerate(entries):
        if counts[entry.owner] <= mine:
            place = index + 1
        counts[entry.owner] += 1
    return place


def _between(entries: list[QueuedRun], place: int) -> float:
    """A rank that makes an entry the one at that place of these."""
    ranks = [entry.rank for entry in entries if math.isfinite(entry.rank)]
    if not ranks:
        return 0.0
    if place <= 0:
        return ranks[0] - 1
    if place >= len(ranks):
        return ranks[-1] + 1
    return (ranks[place - 1] + ranks[place]) / 2


def _write(entry: QueuedRun) -> None:
    try:
        write_stored(entry.run.queue_place, QueuePlace(entry.rank, entry.owner, entry.since, entry.launches))
    except OSError as error:
        raise TrainDeskError(
            f"Run {entry.run.id} cannot be queued ({error.strerror}); free space or check its folder."
        ) from error
