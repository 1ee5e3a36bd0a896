"""When the runs that wait will begin, reckoned from how fast others of their kind were."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.errors import TrainDeskError
from core.nodes.registry import HERE, nodes
from core.runs.active_runs import active_runs
from core.runs.assignment import assignment_of
from core.runs.history import History
from core.runs.placement import placement_of
from core.runs.queue import QueuedRun, waiting
from core.runs.store import Run, list_runs
from core.workers.dispatch import cpu_runs, gpu_runs, gpus, slots, slots_of_all, wish_of
from core.workers.places import stays_here
from core.workers.room import ANY_GPU, Wish
from core.workers.speeds import Speeds, kind_of

LOOKED_BACK = 30  # runs that have begun, the newest, among which one of the same kind is looked for


class Wait(NamedTuple):
    """A run of the queue."""

    run: Run
    seconds: float | None  # until it begins; None when too little is known


class Seat(NamedTuple):
    """A place for one run."""

    computer: str  # "": this one
    free_in: float  # seconds; infinite where that is not known
    device: str = (
        ""  # of this computer, where it has GPUs: "cpu", or the GPU, which has several seats where small runs share it
    )


class Job(NamedTuple):
    """A run of the queue: where it may be trained, how long on each."""

    computer: str  # see `QueuePlace`
    seconds_on: Callable[[str], float | None]  # of a computer; None: not known
    wish: Wish = Wish("auto")
    sharing: int = 1  # so many of its kind fit on a GPU


def estimated_waits(runs_folder: Path) -> list[Wait]:
    """The queue in its order, with when each is expected to begin."""
    queue = waiting(runs_folder)
    if not queue:
        return []
    speeds = Speeds(runs_folder, {"": 1.0, **{node.name: node.speed for node in nodes(runs_folder)}})
    # read when a run without epochs of its own asks
    of_kinds = functools.cache(partial(_seconds_of_kinds, runs_folder, speeds))
    left: dict[tuple[str, str], list[float]] = {}
    for run in active_runs(runs_folder):
        computer = placement_of(run.folder).computer
        work = _work_left(run, speeds, of_kinds)
        seconds = math.inf if work is None else work / speeds.ratio(computer, kind_of(run))
        device, seats_taken = ("", 1) if computer else _seat_of(run, runs_folder)
        left.setdefault((computer, device), []).extend([seconds] * seats_taken)
    places = places_of_all(runs_folder)
    seats = [Seat(name, free, device) for name, device in places for free in _free(left, name, device, places)]
    several = len({name for name, _ in places}) > 1
    jobs = (
        Job(_where(entry, several), partial(_seconds_on, entry.run, speeds, of_kinds), *_needs(entry.run, runs_folder))
        for entry in queue
    )
    return begin_times([entry.run for entry in queue], jobs, seats)


def places_of_all(runs_folder: Path) -> dict[tuple[str, str], int]:
    """Computer ("": this one) and device there -> seats. Without GPUs, and on other computers, devices are not told apart: ""."""
    here, elsewhere = gpus(), {name: number for name, number in slots_of_all(runs_folder).items() if name}
    if not here:
        own = {("", ""): slots_of_all(runs_folder)[""]}
    else:
        own = {("", gpu): gpu_runs(runs_folder) for gpu in here} | {("", "cpu"): cpu_runs(runs_folder)}
    return own | {(name, ""): number for name, number in elsewhere.items()}


def _free(
    left: dict[tuple[str, str], list[float]], name: str, device: str, places: dict[tuple[str, str], int]
) -> list[float]:
    return free_times(left.get((name, device), []), places[name, device])


def _seat_of(run: Run, runs_folder: Path) -> tuple[str, int]:
    """Where an active run of this computer sits, and on how many seats: on all of a GPU that it has alone."""
    here = gpus()
    if not here:
        return "", 1
    known, wish = assignment_of(run.folder), wish_of(run) or Wish("cpu")
    device = known.devices[0] if known.devices else here[0] if wish.device in ANY_GPU else wish.device
    if device not in here:
        return "cpu", 1
    return device, 1 if known.memory else gpu_runs(runs_folder)


def _needs(run: Run, runs_folder: Path) -> tuple[Wish, int]:
    """What a run that waits wants, and how many such fit on a GPU."""
    wish, here = wish_of(run) or Wish("cpu"), gpus()
    return wish, slots(runs_folder, here[0], run.config()) if here and wish.memory else 1


def free_times(left: Iterable[float], places: int) -> list[float]:
    """When each of so many places of a computer is free, where the runs at work have so many seconds left."""
    times = sorted(left)
    more = max(0, len(times) - places)  # more at work than may begin: the first to end makes no room
    return [0.0] * (places - len(times)) + times[more:]


def begin_times(queue: list[Run], jobs: Iterable[Job], seats: Sequence[Seat]) -> list[Wait]:
    """Each run takes the place that is free first, of several the one where it ends first. A run of which it is not known how
    long it takes may hold its place for ever."""
    free = [seat.free_in for seat in seats]
    waits = []
    for run, job in zip(queue, jobs, strict=False):
        fit = _places_for(job, seats)
        begins = min((max(free[seat] for seat in place) for place in fit), default=math.inf)
        waits.append(Wait(run, begins if math.isfinite(begins) else None))
        if math.isinf(begins):
            if sum(map(len, fit)) == len(seats):
                break  # nor is there room for those behind it
            continue
        first = [place for place in fit if max(free[seat] for seat in place) == begins]
        lasts = {
            computer: job.seconds_on(computer)
            for computer in dict.fromkeys(seats[place[0]].computer for place in first)
        }
        for seat in min(first, key=lambda place: _or_for_ever(lasts[seats[place[0]].computer])):
            free[seat] = begins + _or_for_ever(lasts[seats[seat].computer])
    return waits + [Wait(run, None) for run in queue[len(waits) :]]


def _places_for(job: Job, seats: Sequence[Seat]) -> list[list[int]]:
    """The seats that a run would sit on, as it may choose: one, or all of a GPU that it needs for itself; the best first."""
    found: list[list[int]] = []
    on_gpus: dict[str, list[int]] = {}
    for number, seat in enumerate(seats):
        if job.computer and seat.computer != ("" if job.computer == HERE else job.computer):
            continue
        if seat.device in ("", "cpu"):
            if not seat.device or job.wish.device == "cpu" or job.wish.prefers_cpu:
                found.append([number])
        elif job.wish.device in (*ANY_GPU, seat.device):
            on_gpus.setdefault(seat.device, []).append(number)
    for numbers in on_gpus.values():
        found += [[number] for number in numbers[: job.sharing]] if job.sharing > 1 else [numbers]
    return found


def _or_for_ever(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


def _where(entry: QueuedRun, are_several: bool) -> str:
    if entry.computer or not are_several:
        return entry.computer
    try:
        return HERE if stays_here(entry.run, entry.run.config().training.device) else ""
    except TrainDeskError:
        return ""


def _seconds_on(run: Run, speeds: Speeds, of_kinds: Callable[[], dict[str, float]], computer: str) -> float | None:
    work = _work_left(run, speeds, of_kinds)
    return None if work is None else work / speeds.ratio(computer, kind_of(run))


def _work_left(run: Run, speeds: Speeds, of_kinds: Callable[[], dict[str, float]]) -> float | None:
    """Seconds that this computer would take to the end of its training, by its own epochs or those of the newest run of its
    kind."""
    epochs, each = 0, None
    pace = speeds.ratio(placement_of(run.folder).computer, kind_of(run))
    if run.has(Run.event_log):
        history = History(run).update()
        if (seconds := history.seconds_left()) is not None:
            return seconds * pace
        if history.is_by_step and history.end is None:
            return None  # it goes on when someone says so
        epochs, each = len(history.epochs), _seconds_an_epoch(history)
    try:
        planned = run.config().training.epochs
    except TrainDeskError:
        return 0.0
    each = each * pace if each else of_kinds().get(kind_of(run))
    return None if each is None else each * (planned - epochs)


def _seconds_of_kinds(runs_folder: Path, speeds: Speeds) -> dict[str, float]:
    """Kind -> seconds that an epoch of the newest run that is of it takes on this computer."""
    found: dict[str, float] = {}
    begun = (run for run in list_runs(runs_folder) if run.has(Run.event_log))
    for run in islice(begun, LOOKED_BACK):
        if (kind := kind_of(run)) and kind not in found and (seconds := _seconds_an_epoch(History(run).update())):
            found[kind] = seconds * speeds.ratio(placement_of(run.folder).computer, kind)
    return found


def _seconds_an_epoch(history: History) -> float | None:
    """None of one that people slowed down."""
    seconds = [epoch["seconds"] for epoch in history.epochs if "seconds" in epoch and not history.playbacks]
    return sum(seconds) / len(seconds) if seconds else None
