"""When the runs that wait will begin, reckoned from how fast others of their kind were."""

from __future__ import annotations

import functools
import heapq
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.errors import TrainDeskError
from core.runs.active_runs import active_runs
from core.runs.history import History
from core.runs.queue import waiting
from core.runs.store import Run, list_runs
from core.workers.dispatch import slots
from core.workers.speeds import kind_of

LOOKED_BACK = 30  # runs that have begun, the newest, among which one of the same kind is looked for


class Wait(NamedTuple):
    """A run of the queue."""

    run: Run
    seconds: float | None  # until it begins; None when too little is known


def estimated_waits(runs_folder: Path) -> list[Wait]:
    """The queue in its order, with when each is expected to begin."""
    queue = waiting(runs_folder)
    if not queue:
        return []
    # read when a run without epochs of its own asks
    of_kinds = functools.cache(partial(_seconds_of_kinds, runs_folder))
    left = [_seconds_left(run, of_kinds) for run in active_runs(runs_folder)]
    lengths = (_seconds_left(entry.run, of_kinds) for entry in queue)
    return begin_times([entry.run for entry in queue], left, lengths, slots(runs_folder))


def begin_times(
    queue: list[Run], active: Iterable[float | None], lengths: Iterable[float | None], places: int
) -> list[Wait]:
    """`active`: seconds left of the runs at work; `lengths`: seconds each of the queue will take; None: not known.

    After the first that is not known nothing is: it may hold its place for ever.
    """
    times = list(active)
    ends = [end for end in times if end is not None]
    if len(ends) < len(times):
        return [Wait(run, None) for run in queue]
    free = sorted([0.0] * max(0, places - len(ends)) + ends)
    heapq.heapify(free)
    while len(free) > places:  # more at work than may begin: the first to end makes no room
        heapq.heappop(free)
    waits = []
    for run, length in zip(queue, lengths, strict=False):
        waits.append(Wait(run, heapq.heappop(free) if free else None))
        if length is None or waits[-1].seconds is None:
            break
        heapq.heappush(free, waits[-1].seconds + length)
    return waits + [Wait(run, None) for run in queue[len(waits) :]]


def _seconds_left(run: Run, of_kinds: Callable[[], dict[str, float]]) -> float | None:
    """Until the end of its training, by its own epochs or those of the newest run of its kind."""
    epochs, each = 0, None
    if run.has(Run.event_log):
        history = History(run).update()
        if (seconds := history.seconds_left()) is not None:
            return seconds
        if history.is_by_step and history.end is None:
            return None  # it goes on when someone says so
        epochs, each = len(history.epochs), _seconds_an_epoch(history)
    try:
        planned = run.config().training.epochs
    except TrainDeskError:
        return 0.0
    each = each or of_kinds().get(kind_of(run))
    return None if each is None else each * (planned - epochs)


def _seconds_of_kinds(runs_folder: Path) -> dict[str, float]:
    """Kind -> seconds an epoch of the newest run that is of it."""
    found: dict[str, float] = {}
    begun = (run for run in list_runs(runs_folder) if run.has(Run.event_log))
    for run in islice(begun, LOOKED_BACK):
        if (kind := kind_of(run)) and kind not in found and (seconds := _seconds_an_epoch(History(run).update())):
            found[kind] = seconds
    return found


def _seconds_an_epoch(history: History) -> float | None:
    """None of one that people slowed down."""
    seconds = [epoch["seconds"] for epoch in history.epochs if "seconds" in epoch and not history.playbacks]
    return sum(seconds) / len(seconds) if seconds else None
