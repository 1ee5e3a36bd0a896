"""Where runs that wait can be trained: on this computer and on those that have joined, and which free place is the fastest.

Knows the other computers by their files alone (`core.nodes.registry`). What is written here (`core.runs.placement`) the desk
follows, which is in touch with them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from core.errors import TrainDeskError
from core.files import read_json, remove_file
from core.machine.devices import problem_of_devices
from core.machine.processes import name_process
from core.nodes.registry import HERE, Node, nodes, takes_no_runs
from core.runs.assignment import assignment_of
from core.runs.companion import companion_of
from core.runs.placement import clock_words, hand_over, placement_of
from core.runs.queue import QueuedRun
from core.runs.store import Run
from core.runs.workspace import NAME
from core.text.lists import listed
from core.workers.room import Room, Wish
from core.workers.speeds import Speeds, kind_of

STAYS = 2.0  # so many times as fast another computer must be for a run that goes on: this one has its files
ANY_DEVICE = ("auto", "cpu", "cuda")  # in a config: those that another computer may have as well


class Places:
    """The free places of all computers while runs are handed out, one after the other.

    `active`: the runs that are trained or on their way, with what each one's config wants.
    """

    def __init__(self, runs_folder: Path, here: Room, active: Iterable[tuple[Run, Wish]]):
        open_to_runs = [node for node in nodes(runs_folder) if takes_runs(runs_folder, node)]
        self._rooms = {"": here} | {node.name: Room(node.cpu_runs, gpus_of(node)) for node in open_to_runs}
        busy: dict[str, set[str]] = {}
        for run, wish in active:
            computer = placement_of(run.folder).computer
            busy.setdefault(computer, set()).add(run.id)
            if not computer and (known := assignment_of(run.folder)).devices:
                here.put(tuple(known.devices), wish._replace(memory=known.memory))
            elif computer in self._rooms:
                self._rooms[computer].take(wish)
        for node in open_to_runs:  # what ends there, or is no longer that computer's, takes its place till then
            for _ in set(node.runs) - busy.get(node.name, set()):
                self._rooms[node.name].take(Wish("auto"))
        self._open = list(self._rooms)
        self._speeds = Speeds(runs_folder, {"": 1.0, **{node.name: node.speed for node in open_to_runs}})

    def are_full(self) -> bool:
        """Whether nothing fits anywhere any more."""
        while self._open and self._rooms[self._open[-1]].is_full():  # no place becomes free meanwhile
            self._open.pop()
        return not self._open

    def take(self, entry: QueuedRun, wish: Wish) -> tuple[str, tuple[str, ...]] | None:
        """Takes the place that trains this run fastest; returns the name of its computer, "" for this one, and the devices it is
        given there; None where there is none for it now. For one that computes on several devices at once those that are free
        wait for the others."""
        wanted = self._wanted(entry, wish.device, wish.devices)
        free = [name for name in wanted if self._rooms[name].fits(wish)]
        if not free:
            if wish.devices > 1 and wanted:
                self._rooms[wanted[0]].take(wish)
            return None
        chosen = free[0] if len(free) == 1 else max(free, key=lambda name: self._rate(entry.run, name, wish.device))
        return chosen, self._rooms[chosen].take(wish)

    def _wanted(self, entry: QueuedRun, device: str, count: int) -> list[str]:
        if entry.computer == HERE or (not entry.computer and stays_here(entry.run, device)):
            return [""]
        if entry.computer:
            room = self._rooms.get(entry.computer)
            return [entry.computer] if room and room.has(device, count) else []
        # this one, where none has it: its worker says what is not here
        return [name for name, room in self._rooms.items() if room.has(device, count)] or [""]

    def _rate(self, run: Run, computer: str, device: str) -> float:
        stays = STAYS if run.last.is_file() and placement_of(run.folder).computer == computer else 1.0
        return stays * self._speeds.on(computer, kind_of(run)) * self._rooms[computer].share(device)


def takes_runs(runs_folder: Path, node: Node) -> bool:
    """Whether a computer that has joined would be given a run now, if it has room."""
    return node.is_in_touch and not node.problem and not takes_no_runs(runs_folder, node.name)


def obstacle(runs_folder: Path, computer: str) -> str:
    """Why a run that wants this computer has to wait until something changes, as the end of "lab-3, which ..."; "" where it
    waits for room alone."""
    node = next((node for node in nodes(runs_folder) if node.name == computer), None)
    if computer in ("", HERE) or (node and takes_runs(runs_folder, node)):
        return ""
    if node is None:
        return "was removed or has never joined"
    if not node.is_in_touch:
        return f"was heard of last {clock_words(node.seen)}"
    return f"has a problem ({node.problem.rstrip('.')})" if node.problem else "takes no new runs at the moment"


def gpus_of(node: Node) -> tuple[str, ...]:
    """Its GPUs as a config names them."""
    return tuple(f"cuda:{index}" for index in range(len(node.gpus)))


def places_elsewhere(runs_folder: Path, device: str) -> dict[str, int]:
    """How many runs of that device, as a config names it, each computer trains at once that would be given some."""
    if device not in ANY_DEVICE:
        return {}
    found = {}
    for node in nodes(runs_folder):
        if takes_runs(runs_folder, node):
            on_gpus = 0 if device == "cpu" else len(node.gpus)
            found[node.name] = on_gpus or (0 if device == "cuda" else node.cpu_runs)
    return found


def check_computer(runs_folder: Path, computer: str, devices: Iterable[str]) -> None:
    """Whether runs of these devices can be trained on the computer that someone asks for, now or later. Raises TrainDeskError."""
    if computer in ("", HERE):
        return
    joined = {node.name: node for node in nodes(runs_folder)}
    if computer not in joined:
        known = f"those that have joined are {listed(list(joined), 10)}" if joined else "none has joined yet"
        raise TrainDeskError(f"There is no computer '{computer[:40]}'; {known}, and '{HERE}' is this one.")
    room = Room(1, gpus_of(joined[computer]))
    if missing := sorted({device for device in devices if not room.has(device)}):
        there = listed(["cpu", *gpus_of(joined[computer])], 10)
        raise TrainDeskError(
            f"Device '{missing[0]}' is not on {computer}, which has {there}; choose one of those, automatic, or another computer."
        )


def check_devices(runs_folder: Path, computer: str, wanted: Iterable[tuple[str, int]]) -> None:
    """Whether runs that want so many of a device at once find them on the computer that someone asks for, or on any.

    Raises TrainDeskError.
    """
    joined = {} if computer == HERE else {node.name: len(node.gpus) for node in nodes(runs_folder)}
    for device, count in wanted:
        problem = problem_of_devices(device, count)
        elsewhere = [name for name, gpus in joined.items() if computer in ("", name) and gpus >= count]
        if count == 1 or (not problem and computer in ("", HERE)) or (device in ("auto", "cuda") and elsewhere):
            continue
        there = f"{computer} has {joined.get(computer, 0)}"
        raise TrainDeskError(
            problem if computer in ("", HERE) else f"Devices at once is {count}, but of GPUs {there}; choose fewer."
        )


def stays_here(run: Run, device: str) -> bool:
    """Whether a run is trained on this computer unless someone asks for another: it names a GPU of this one, or learns in step
    with a run that does so by files of this one."""
    return device not in ANY_DEVICE or companion_of(run) is not None


def place(run: Run, computer: str) -> None:
    """Gives a run to a computer that has joined: it is `starting` until that one begins. Whoever calls holds the queue's lock.

    Raises TrainDeskError.
    """
    try:
        remove_file(run.starting_mark)
        run.starting_mark.touch()
        with contextlib.suppress(OSError):  # unnamed, the mark counts for 30 seconds
            if pid := _desk_pid(run.folder.parent):
                name_process(run.starting_mark, pid)
        hand_over(run.folder, computer)
    except OSError as error:
        with contextlib.suppress(OSError):
            remove_file(run.starting_mark)
        raise TrainDeskError(
            f"Run {run.id} cannot be given to {computer} ({error.strerror}: {error.filename}); free space or check the folder."
        ) from error


def take_home(run: Run) -> None:
    """Makes a run this computer's again. Whoever calls holds the queue's lock. Raises TrainDeskError."""
    try:
        hand_over(run.folder, "")
    except OSError as error:
        raise TrainDeskError(
            f"Run {run.id} cannot be taken back ({error.strerror}: {error.filename}); free space or check the folder."
        ) from error


def _desk_pid(runs_folder: Path) -> int | None:
    said = read_json(runs_folder / NAME / "nodes" / "desk")
    pid = said.get("pid") if isinstance(said, dict) else None
    return pid if type(pid) is int and pid > 0 else None
