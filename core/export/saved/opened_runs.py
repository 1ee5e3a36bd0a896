"""Runs that were opened from a file: which are here already, and how many one guest of a shared dashboard may bring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import TrainDeskError
from core.files import folder_size
from core.machine.trash import Trash
from core.paths import example_folder
from core.runs.events import INTERRUPTED
from core.runs.metadata import read_metadata
from core.runs.store import Run, list_runs, run_at
from core.settings.stored import read_stored
from core.text.numbers import bytes_in_words

ORIGIN = "opened.json"  # in the folder of a run that was opened
ID = re.compile(r"\d{8}-\d{6}-[a-z0-9_-]{1,60}", re.ASCII)  # see `core.runs.store.create_run`
GUEST_BYTES = 5_000_000_000  # that the runs which one guest opened may take, those in the trash too


@dataclass(frozen=True)
class Origin:
    """Of a run that was opened, so that the same file is known again."""

    run: str = ""  # its id where it was saved
    digest: str = ""  # see `core.export.saved.archive.SavedFile.digest`


def check_guest_room(runs_folder: Path, owner: str, size: int) -> None:
    """Whether this guest may bring so many bytes more. Raises TrainDeskError."""
    runs = [*list_runs(runs_folder), *list_runs(Trash(runs_folder).folder)]
    mine = [run for run in runs if (run.folder / ORIGIN).is_file() and read_metadata(run).owner == owner]
    used = sum(folder_size(run.folder) for run in mine)
    if used + size > GUEST_BYTES:
        raise TrainDeskError(
            f"The runs that you opened take {bytes_in_words(used)} and this one would add {bytes_in_words(size)}; each guest may "
            f"have {bytes_in_words(GUEST_BYTES)} of them, so ask the host to empty the trash after you delete some."
        )


def known(digest: str, run_id: str, staged: Run, runs_folder: Path) -> Run | None:
    """The run that is here and has all that the file has: opened from it before, or the very run that was saved."""
    for run in list_runs(runs_folder):
        if (run.folder / ORIGIN).is_file() and read_stored(Origin, run.folder / ORIGIN).digest == digest:
            return run
    if not (ID.fullmatch(run_id) or run_id == example_folder().name):
        return None
    run = run_at(runs_folder, run_id)
    if not run.is_here() or run.created() != staged.created():
        return None
    return run if _tells(run, staged) else None


def _tells(run: Run, other: Run) -> bool:
    """Whether the run's log has the last event of the other's: then it has gone the same way, as far or farther."""
    told = [event for event in other.events()[0] if event["event"] != INTERRUPTED][-1:]
    names = ("event", "time", "step", "epoch")
    wanted = [event.get(name) for event in told for name in names]
    return not told or any(wanted == [event.get(name) for name in names] for event in run.events()[0])
