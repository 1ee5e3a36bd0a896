"""Who starts the runs that wait: whoever queues one, and a supervisor while runs wait for room.

One run at a time computes on each GPU, and so many on the CPU as people allow.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from core.errors import TrainDeskError
from core.files import is_locked, remove_file
from core.machine.cores import usable_cores
from core.machine.devices import accelerators
from core.machine.processes import start_detached
from core.nodes.desk_process import ensure_desk
from core.nodes.registry import HERE
from core.runs.active_runs import active_runs
from core.runs.companion import companion_of
from core.runs.disk import disk_problem
from core.runs.events import FAILED, EventWriter
from core.runs.metadata import own
from core.runs.placement import placement_of
from core.runs.queue import LAUNCHES, QueuedRun, enqueue_all, locked, note_launch, queued, waiting, withdraw
from core.runs.store import Run
from core.runs.workspace import NAME, read_setting, workspace_folder, write_setting
from core.workers.launch import launch, worker_environment
from core.workers.places import Places, Room, check_computer, check_devices, place, places_elsewhere, take_home

CPU_RUNS = "cpu_runs"
LINE = 200  # letters of what a process wrote last that are told
DESK_SECONDS = 30.0  # between two tries to start the desk
_woken: dict[Path, float] = {}  # runs folder -> when, by the monotonic clock
MOST_PER_CORE = 4  # trainings at once that may be allowed for each core


class Dispatched(NamedTuple):
    """What one look at the queue led to."""

    started: list[Run]
    problems: dict[Run, TrainDeskError]  # why a run that had room could not be started


def submit(run: Run, data_folder: Path, owner: str = "", most: int | None = None, computer: str = "") -> bool:
    """`submit_all` of one run. Returns whether it was started."""
    submit_all([run], data_folder, owner, most, computer)
    return run.status().is_active  # someone else may have started it


def submit_all(
    runs: Sequence[Run], data_folder: Path, owner: str = "", most: int | None = None, computer: str = ""
) -> None:
    """Queues runs of one folder in one step, and starts those now for which there is room, on the computer that people ask for
    (see `QueuePlace`), else where it trains fastest.

    Those that have to wait are started by a supervisor, also when this process has ended. Raises TrainDeskError, and leaves
    a run unqueued, when it cannot be queued or started; and all of them when more than `most` of this owner would wait.
    """
    runs_folder = runs[0].folder.parent
    if problem := disk_problem(runs_folder):
        raise TrainDeskError(problem)
    wanted = list(map(_wanted, runs))
    check_computer(runs_folder, computer, filter(None, (device for device, _ in wanted)))
    check_devices(runs_folder, computer, ((device or "cpu", count) for device, count in wanted))
    for run in runs:
        own(run, owner, sync=len(runs) == 1)
    enqueue_all(runs, owner, most, computer)
    problems = dispatch(runs_folder, data_folder).problems
    if refused := [run for run in runs if run in problems]:
        for run in refused:
            withdraw(run)
        raise problems[refused[0]]
    ensure_supervisor(runs_folder, data_folder)


def dispatch(runs_folder: Path, data_folder: Path) -> Dispatched:
    """Starts those that wait and for which there is room, in the order of the queue. Raises TrainDeskError."""
    found = Dispatched([], {})
    if not any(queued(runs_folder)):
        return found
    _wake_desk(runs_folder, data_folder)
    with locked(runs_folder):
        if disk_problem(runs_folder):
            return found
        at_work = set(active := active_runs(runs_folder))
        here = Room(cpu_runs(runs_folder), gpus())
        places = Places(runs_folder, here, ((run, *_wanted(run, "cpu")) for run in active))
        if places.are_full() and not any(map(companion_of, active)):
            return found  # as it mostly is: a thousand that wait are not read
        for entry in waiting(runs_folder):
            if entry.run in at_work:  # on its way
                continue
            if places.are_full() and companion_of(entry.run) is None:
                if any(map(companion_of, at_work)):
                    continue
                break
            device, count = _wanted(entry.run)
            if device is None or entry.launches >= LAUNCHES:
                if device is not None:
                    _give_up(entry)
                remove_file(entry.run.queue_place)  # its page says what is wrong
                continue
            computer = places.take(entry, device, count)
            if computer is None and not _joins(entry, device, at_work):
                continue
            try:
                with contextlib.suppress(TrainDeskError):  # where the count cannot be kept, the launch says why
                    note_launch(entry)
                if computer:
                    place(entry.run, computer)
                else:
                    take_home(entry.run)
                    launch(entry.run, data_folder)
                found.started.append(entry.run)
                at_work.add(entry.run)
            except TrainDeskError as error:
                found.problems[entry.run] = error
    return found


def _wake_desk(runs_folder: Path, data_folder: Path) -> None:
    """Has computers that joined find this one, now and then: one that a run waits for may be back."""
    now = time.monotonic()
    if now - _woken.get(runs_folder, -math.inf) > DESK_SECONDS:
        _woken[runs_folder] = now
        with contextlib.suppress(TrainDeskError):  # the page of the computer says of which others nothing is heard
            ensure_desk(runs_folder, data_folder)


def _joins(entry: QueuedRun, device: str, active: set[Run]) -> bool:
    """Whether it learns in step with one of these here: neither would do alone what it was started for."""
    return entry.computer in ("", HERE) and (device == "cpu" or not gpus()) and companion_of(entry.run) in active


def _give_up(entry: QueuedRun) -> None:
    """Writes the end of a run whose workers died before they could say a word: nobody else would."""
    run = entry.run
    with contextlib.suppress(TrainDeskError):
        take_home(run)  # nobody else may write its log then
    said = run.worker_said(entry.since).rpartition("\n")[2].strip()[:LINE]
    why = f"the log says: {said.rstrip('.')}." if said else "it wrote nothing."
    with contextlib.suppress(OSError), FileLock(run.worker_lock, timeout=0):
        log = EventWriter(run.event_log)
        log.write(FAILED, message=f"Started three times, and its process died each time; {why}")
        log.close()


def free_places(runs_folder: Path, computes_on: Callable[[Run], str | None]) -> dict[str, tuple[int, int]]:
    """For each GPU of this computer, as a config names it, and "cpu": how many more runs could start there now, and how many fit
    in all.

    `computes_on` says the device of a run that trains; None where it is not known yet, for which its config is asked.
    """
    whole = {**dict.fromkeys(gpus(), 1), "cpu": cpu_runs(runs_folder)}
    free = dict(whole)
    for run in active_runs(runs_folder):
        if placement_of(run.folder).computer:
            continue
        asked, count = _wanted(run, "cpu")
        device = computes_on(run) or asked
        if device not in free:  # any GPU: the first that is free
            device = next((gpu for gpu in gpus() if free[gpu] > 0), gpus()[0] if gpus() else "cpu")
        free[device] -= 1
        for other in [gpu for gpu in gpus() if free[gpu] > 0 and device != "cpu"][: count - 1]:
            free[other] -= 1
    return {device: (max(0, left), whole[device]) for device, left in free.items()}


def cpu_runs(runs_folder: Path) -> int:
    """How many runs may compute on the CPU at once."""
    return max(1, read_setting(runs_folder, CPU_RUNS, max(2, usable_cores() // 4)))


def most_cpu_runs() -> int:
    """The most runs at once on the CPU that people may allow on this computer."""
    return usable_cores() * MOST_PER_CORE


def set_cpu_runs(runs_folder: Path, number: int) -> None:
    """Raises TrainDeskError."""
    if not 1 <= number <= most_cpu_runs():
        raise TrainDeskError(
            f"Trainings at once on the CPU is {number}; it must be from 1 to {most_cpu_runs()} on this computer."
        )
    write_setting(runs_folder, CPU_RUNS, number)


def slots(runs_folder: Path, device: str = "auto") -> int:
    """How many runs of that device, as a config names it, this computer trains at once."""
    if device in gpus():
        return 1
    return (device != "cpu" and len(gpus())) or cpu_runs(runs_folder)


def slots_of_all(runs_folder: Path, device: str = "auto", computer: str = "") -> dict[str, int]:
    """The same of every computer that would be given such a run, this one ("") first; of one alone, see `QueuePlace`."""
    found = {"": slots(runs_folder, device)} | places_elsewhere(runs_folder, device)
    wanted = "" if computer == HERE else computer
    return {name: number for name, number in found.items() if not computer or name == wanted}


def gpus() -> tuple[str, ...]:
    """The GPUs of this computer on which torch computes, as a config names them."""
    return tuple(each.name for each in accelerators())


def ensure_supervisor(runs_folder: Path, data_folder: Path) -> None:
    """Starts a supervisor if runs wait and none is there. Raises TrainDeskError if it cannot be started."""
    if supervisor_is_alive(runs_folder) or all(run.is_on_its_way() for run in queued(runs_folder)):
        return
    command = ["core.workers.supervisor", "--runs", str(runs_folder), "--data", str(data_folder)]
    try:
        start_detached(command, env=worker_environment(), log=workspace_folder(runs_folder) / "supervisor.log")
    except OSError as error:
        raise TrainDeskError(
            f"The queue's supervisor could not be started ({error.strerror or error}); free memory or space."
        ) from error


def supervisor_is_alive(runs_folder: Path) -> bool:
    """Whether a process serves the queue of this folder."""
    return is_locked(runs_folder / NAME / "supervisor.lock")


def _wanted(run: Run, otherwise: Any = None) -> tuple[Any, int]:
    """The device of its config, and on how many at once it computes; `otherwise` and one where that cannot be read."""
    try:
        training = run.config().training
    except TrainDeskError:
        return otherwise, 1
    return training.device, training.devices
