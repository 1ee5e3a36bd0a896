"""A run that the desk gave to this computer is got ready to begin: its folder, its config and all that its worker will read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from core.files import move_folder, remove_file, write_atomically
from core.nodes.bring import Fetch, bring
from core.nodes.messages import LOG, Refused
from core.nodes.outgoing import digest_of_path
from core.nodes.parcels import Parcel
from core.nodes.tended_note import Tended, keep_note, tended_in
from core.runs.store import Run

LOST = ".lost-"  # stands between a run's id and its generation in the name of a copy that counts no more


class EndAsked(Exception):
    """Someone asked for the end of a run before it began."""

    def __init__(self, how: Literal["stop", "pause"]):
        super().__init__(how)
        self.how = how


def get_ready(run: Run, data_folder: Path, order: Mapping[str, Any], fetch: Fetch, check: Callable[[], None]) -> None:
    """Has everything in its place when it returns. `check` is asked in between and may raise.

    A folder that is here stays if its log goes on from where the desk's ends: nobody else has trained the run since. Any other
    one is set aside. The next call goes on where one was ended. Raises Refused, OSError, TrainDeskError, and what `fetch` and
    `check` raise.
    """
    note, generation = tended_in(run.folder), order["generation"]
    is_kept = run.folder.is_dir() and goes_on(run, *order["log"])
    if not is_kept and note.generation != generation:
        set_aside(run, note.generation)
    run.folder.mkdir(parents=True, exist_ok=True)
    keep_note(run.folder, Tended(generation))
    write_atomically(run.config_file, order["config"].encode())
    check()
    parcels = map(Parcel.from_dict, order["parcels"])
    wanted = [parcel for parcel in parcels if not (is_kept and parcel.root == "run")]
    bring(wanted, data_folder, run.folder, run.folder.parent, fetch, lambda *_: check())
    if not goes_on(run, *order["log"]):
        raise Refused(f"The log of run {run.id} did not come as it is at the desk; it is tried again.")
    for left_over in (run.stop_request, run.pause_request, run.starting_mark, run.queue_place):
        remove_file(left_over)
    check()


def set_aside(run: Run, generation: int) -> Path | None:
    """Renames the folder of a run that is not ours any more: a copy of what this computer had of it. Raises OSError."""
    if not run.folder.is_dir():
        return None
    keep_note(run.folder, Tended(generation, launched=True, settled=True))
    copy = run.folder.with_name(f"{run.id}{LOST}{generation}")
    number = 1
    while copy.exists():
        number += 1
        copy = run.folder.with_name(f"{run.id}{LOST}{generation}-{number}")
    move_folder(run.folder, copy)
    return copy


def was_set_aside(run: Run, generation: int) -> bool:
    """Whether this computer lost the run in that generation, or in a later one."""
    for copy in run.folder.parent.glob(f"{run.id}{LOST}*"):
        with contextlib.suppress(ValueError):
            if int(copy.name.rpartition(LOST)[2].partition("-")[0]) >= generation:
                return True
    return False


def goes_on(run: Run, size: int, digest: str) -> bool:
    """Whether the run's log begins with these bytes of the desk's."""
    log = run.folder / LOG
    with contextlib.suppress(OSError):
        return not size or (log.stat().st_size >= size and digest_of_path(log, size) == digest)
    return False
