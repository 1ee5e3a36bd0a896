"""The queue: runs that wait for their turn. Each keeps its place in its own folder, so nothing is lost with a process."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby
from pathlib import Path
from typing import Literal

from core.errors import TrainDeskError
from core.files import remove_file
from core.runs.active_runs import active_runs
from core.runs.example import refuse_example
from core.runs.metadata import read_metadata
from core.runs.store import Run
from core.runs.workspace import locked as locked_by_name
from core.settings.stored import KeptFiles, write_stored
from core.text.numbers import count, fitting

LAUNCHES = 3  # tries to start a run whose process dies before it says a word; then it leaves the queue


@dataclass(frozen=True)
class QueuePlace:
    """What the file `queued` holds. The run of the lowest rank is the next; a damaged place is the last."""

    rank: float = math.inf
    owner: str = ""  # who asked for it
    since: float = 0.0  # Unix seconds
    launches: int = 0  # tries to start it that came to nothing
    computer: str = ""  # where it is to be trained: the name of a computer, "here", or "": whichever is free


_places = KeptFiles(QueuePlace)


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
    entries = filter(None, map(read_queued_run, queued(runs_folder)))
    return sorted(entries, key=lambda entry: (entry.rank, entry.run.id))


def queued(runs_folder: Path) -> Iterator[Run]:
    """Those that wait, in any order, one after the other: whoever asks for the first alone reads no more."""
    with contextlib.suppress(OSError), os.scandir(runs_folder) as folders:
        for folder in folders:
            if not folder.name.startswith(".") and (run := Run(runs_folder / folder.name)).has(Run.queue_place):
                yield run


def enqueue(run: Run, owner: str = "", computer: str = "") -> None:
    """`enqueue_all` of one run."""
    enqueue_all([run], owner, computer=computer)


def enqueue_all(runs: Sequence[Run], owner: str = "", most: int | None = None, computer: str = "") -> None:
    """Puts runs of one folder into the queue, in one step: last, but before the second run of those who wait with more than this
    owner, and so on. So everyone's first run comes before anyone's second.

    `most`: so many of this owner may wait; with more nothing is queued. `computer`: see `QueuePlace`. Raises TrainDeskError.
    """
    for run in runs:
        refuse_example(run, "trained on")
    runs_folder, new = runs[0].folder.parent, set(runs)
    with locked(runs_folder):
        entries = [entry for entry in waiting(runs_folder) if entry.run not in new]
        if most is not None:
            check_room(len(waiting_of(owner, entries)), len(runs), most)
        active = Counter(read_metadata(each).owner for each in active_runs(runs_folder))
        ranks: list[float] = []
        for place, same in groupby(_fair_places(entries, owner, active, len(runs))):
            ranks += _between(entries, place, len(list(same)))
        for run, rank in zip(runs, ranks, strict=True):
            _write(QueuedRun(rank, owner, time.time(), computer=computer, run=run), sync=len(runs) == 1)
        if len(runs) > 1 and hasattr(os, "sync"):  # all at once: each by itself takes as long as the disk does
            os.sync()


def waiting_of(owner: str, entries: Iterable[QueuedRun]) -> list[Run]:
    """The runs of one person that wait, without those whose worker is on its way."""
    return [entry.run for entry in entries if entry.owner == owner and not entry.run.is_on_its_way()]


def check_room(waits: int, new: int, most: int) -> None:
    """Raises TrainDeskError when a person who has runs that wait may not have so many more."""
    if waits + new > most:
        raise TrainDeskError(
            f"You have {count(waits, 'run')} that {fitting(waits, 'wait')} and would add {new:,}; each guest may have {most:,} "
            "waiting, so start fewer, or wait until some have begun."
        )


def withdraw(run: Run) -> bool:
    """Takes a run out of the queue. False if it is not in it, or has just been started."""
    with locked(run.folder.parent):
        if run.is_on_its_way() or not run.queue_place.exists():
            return False
        remove_file(run.queue_place)
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
        _write(replace(entry, rank=_between(entries, place)[0]))


def send(run: Run, computer: str) -> None:
    """Says where a run that waits is to be trained: see `QueuePlace`. Raises TrainDeskError when it does not wait."""
    with locked(run.folder.parent):
        entry = read_queued_run(run)
        if entry is None or run.is_on_its_way():
            raise TrainDeskError(f"Run {run.id} does not wait in the queue any more; its page says what it does.")
        _write(replace(entry, computer=computer, launches=0))


def note_launch(entry: QueuedRun) -> None:
    """Counts a try to start it. Raises TrainDeskError."""
    _write(replace(entry, launches=entry.launches + 1))


def read_queued_run(run: Run) -> QueuedRun | None:
    """The run's place; None when it does not wait. A damaged one waits at the end."""
    place = _places.read(f"{run.folder}/{Run.queue_place.name}")
    return None if place is None else QueuedRun(**vars(place), run=run)


def _fair_places(entries: list[QueuedRun], owner: str, active: Counter[str], number: int) -> list[int]:
    """Places in this queue for so many more runs of an owner, in their order: each behind everyone who has no more runs before
    that one than this owner has before this one."""
    counts, behind = (
        Counter(active),
        dict[int, int](),
    )  # runs that an owner has before -> the place behind the last such
    for index, entry in enumerate(entries):
        behind[counts[entry.owner]] = index + 1
        counts[entry.owner] += 1
    mine = counts[owner]
    first = max((place for before, place in behind.items() if before <= mine), default=0)
    return list(accumulate((behind.get(mine + more, 0) for more in range(1, number)), max, initial=first))


def _between(entries: list[QueuedRun], place: int, number: int = 1) -> list[float]:
    """Ranks that make so many entries those at that place of these."""
    ranks = [entry.rank for entry in entries if math.isfinite(entry.rank)]
    if not ranks or place >= len(ranks):
        return [(ranks[-1] if ranks else -1.0) + 1 + each for each in range(number)]
    if place <= 0:
        return [ranks[0] - number + each for each in range(number)]
    before, after = ranks[place - 1], ranks[place]
    return [before + (after - before) * (each + 1) / (number + 1) for each in range(number)]


def _write(entry: QueuedRun, sync: bool = True) -> None:
    try:
        place = QueuePlace(entry.rank, entry.owner, entry.since, entry.launches, entry.computer)
        write_stored(entry.run.queue_place, place, sync=sync)
    except OSError as error:
        raise TrainDeskError(
            f"Run {entry.run.id} cannot be queued ({error.strerror}); free space or check its folder."
        ) from error
