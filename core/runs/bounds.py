"""What one guest of a shared dashboard may have waiting, so that the others come to something. The host has no bounds."""

from __future__ import annotations

from pathlib import Path

from core.errors import TrainDeskError
from core.runs.active_runs import active_runs
from core.runs.metadata import read_metadata
from core.runs.queue import check_room, waiting, waiting_of
from core.runs.workspace import read_setting, write_setting

WAITING = "guest_waiting"  # the setting's name
USUAL, MOST = 50, 1000  # runs that each guest may have waiting, and to how many the host may set that
EXPERIMENTS = 3  # of each guest that wait or train


def most_waiting(runs_folder: Path) -> int:
    """How many runs each guest may have waiting."""
    return min(MOST, max(1, read_setting(runs_folder, WAITING, USUAL)))


def set_most_waiting(runs_folder: Path, number: int) -> None:
    """Raises TrainDeskError."""
    if not 1 <= number <= MOST:
        raise TrainDeskError(f"Runs that a guest may have waiting is {number}; it must be from 1 to {MOST:,}.")
    write_setting(runs_folder, WAITING, number)


def check_guest(runs_folder: Path, owner: str, new: int, experiment: str = "") -> None:
    """Whether this guest may start so many more runs, of an experiment or of none. Raises TrainDeskError.

    For a sentence before anything is stored; what counts is looked at again when they are queued.
    """
    mine = waiting_of(owner, waiting(runs_folder))
    check_room(len(mine), new, most_waiting(runs_folder))
    if experiment:
        mine += [run for run in active_runs(runs_folder) if read_metadata(run).owner == owner]
        under_way = set()
        for run in mine:
            try:
                under_way.add(run.config().experiment)
            except TrainDeskError:
                continue
        if len(under_way - {"", experiment}) >= EXPERIMENTS:
            raise TrainDeskError(
                f"You have {EXPERIMENTS} experiments under way; that is as many as each guest may have at once, so wait until "
                "one is done, or stop its runs."
            )
