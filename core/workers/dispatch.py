"""Who starts the runs that wait: whoever queues one, and a supervisor while runs wait for room.

One run at a time computes on each GPU, or a few small ones, and so many on the CPU as people allow.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from core.errors import TrainDeskError
from core.files import is_locked, remove_file
from core.machine.cores import usable_cores
from core.machine.devices import accelerators, least_used
from core.machine.environment import worker_environment
from core.machine.processes import start_detached
from core.nodes.desk_process import ensure_desk
from core.nodes.registry import HERE
from core.run_config import RunConfig
from core.runs.active_runs import active_runs
from core.runs.assignment import Assignment, assign, assignment_of
from core.runs.companion import companion_of
from core.runs.disk import disk_problem
from core.runs.events import FAILED, EventWriter
from core.runs.measured import Measured, measured
from core.runs.metadata import own
from core.runs.placement import placement_of
from core.runs.queue import LAUNCHES, QueuedRun, enqueue_all, locked, note_launch, queued, waiting, withdraw
from core.runs.store import Run
from core.runs.workspace import NAME, read_setting, workspace_folder, write_setting
from core.workers.launch import launch
from core.workers.places import Places, check_computer, check_devices, place, places_elsewhere, take_home
from core.workers.room import Room, Wish

CPU_RUNS = "cpu_runs"
LINE = 200  # letters of what a process wrote last that are told
DESK_SECONDS = 30.0  # between two tries to start the desk
_woken: dict[Path, float] = {}  # runs folder -> when, by the monotonic clock
GPU_RUNS = "gpu_runs"
MOST_ON_GPU = 8
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
    wanted = list(filter(None, map(wish_of, runs)))
    check_computer(runs_folder, computer, (wish.device for wish in wanted))
    check_devices(runs_folder, computer, ((wish.device, wish.devices) for wish in wanted))
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
        places = Places(runs_folder, room_here(runs_folder), ((run, wish_of(run) or Wish("cpu")) for run in active))
        if places.are_full() and not any(map(companion_of, active)):
            return found  # as it mostly is: a thousand that wait are not read
        for entry in waiting(runs_folder):
            if entry.run in at_work:  # on its way
                continue
            if places.are_full() and companion_of(entry.run) is None:
                if any(map(companion_of, at_work)):
                    continue
                break
            wish = wish_of(entry.run)
            if wish is None or entry.launches >= LAUNCHES:
                if wish is not None:
                    _give_up(entry)
                remove_file(entry.run.queue_place)  # its page says what is wrong
                continue
            taken = places.take(entry, wish)
            if taken is None and not _joins(entry, wish.device, at_work):
                continue
            computer, devices = taken or ("", ("cpu",))
            try:
                with contextlib.suppress(TrainDeskError):  # where the count cannot be kept, the launch says why
                    note_launch(entry)
                if computer:
                    place(entry.run, computer)
                else:
                    take_home(entry.run)
                    give(entry.run, devices, wish)
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
    here = gpus()
    whole = {**dict.fromkeys(here, 1), "cpu": cpu_runs(runs_folder)}
    free = dict(whole)
    for run in active_runs(runs_folder):
        if placement_of(run.folder).computer:
            continue
        wish, given = wish_of(run) or Wish("cpu"), assignment_of(run.folder).devices
        device = computes_on(run) or (given[0] if given else wish.device)
        if device not in free:  # any GPU: the first that is free
            device = next((gpu for gpu in here if free[gpu] > 0), here[0] if here else "cpu")
        free[device] -= 1
        for other in [gpu for gpu in here if free[gpu] > 0 and device != "cpu"][: wish.devices - 1]:
            free[other] -= 1
    return {device: (max(0, left), whole[device]) for device, left in free.items()}


def room_here(runs_folder: Path) -> Room:
    """All places of this computer, with no run on any."""
    memory = {each.name: each.memory for each in accelerators()}
    return Room(cpu_runs(runs_folder), gpus(), memory, gpu_runs(runs_folder), least_used)


def gpu_runs(runs_folder: Path) -> int:
    """How many runs may share a GPU, of which it is known that they are small enough together."""
    return min(MOST_ON_GPU, max(1, read_setting(runs_folder, GPU_RUNS, 3)))


def set_gpu_runs(runs_folder: Path, number: int) -> None:
    """Raises TrainDeskError."""
    if not 1 <= number <= MOST_ON_GPU:
        raise TrainDeskError(f"Small trainings at once on a GPU is {number}; it must be from 1 to {MOST_ON_GPU}.")
    write_setting(runs_folder, GPU_RUNS, number)


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


def slots(runs_folder: Path, device: str = "auto", config: RunConfig | None = None) -> int:
    """How many runs of that device, as a config names it, this computer trains at once; of small ones, as this config is of
    one, several on a GPU."""
    known = measured(runs_folder, config) if config and gpus() else Measured()
    wish = Wish(device, 1, known.memory, device == "auto" and known.wants_processor)
    room, found = room_here(runs_folder), 0
    while room.take(wish):
        found += 1
    return found


def slots_of_all(
    runs_folder: Path, device: str = "auto", computer: str = "", config: RunConfig | None = None
) -> dict[str, int]:
    """The same of every computer that would be given such a run, this one ("") first; of one alone, see `QueuePlace`."""
    found = {"": slots(runs_folder, device, config)} | places_elsewhere(runs_folder, device)
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


def wish_of(run: Run) -> Wish | None:
    """What a run of this computer needs; None where its config cannot be read."""
    try:
        config = run.config()
    except TrainDeskError:
        return None
    training = config.training
    if training.devices > 1 or training.device == "cpu" or not gpus():
        return Wish(training.device, training.devices)
    known = measured(run.folder.parent, config)
    if training.device == "auto" and run.has(Run.last):  # the other kind of device rounds differently
        return Wish("cpu") if assignment_of(run.folder).devices == ["cpu"] else Wish("auto", 1, known.memory)
    return Wish(training.device, 1, known.memory, training.device == "auto" and known.wants_processor)


def give(run: Run, devices: tuple[str, ...], wish: Wish) -> None:
    """Tells the worker that is about to start, and whoever starts the next run, which devices it has."""
    if gpus():
        uuids = {each.name: each.uuid for each in accelerators()}
        named = [uuid for device in devices if (uuid := uuids.get(device, ""))]
        assign(run.folder, Assignment(list(devices), named, wish.memory))
