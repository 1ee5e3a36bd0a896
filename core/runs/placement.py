"""Where a run is trained: on this computer, or on another one whose copy of the folder is brought here while it grows.

The file `placement.json` is written by whoever gives the run to a computer or takes it back, under the lock of the queue, and by
the process that is in touch with the other computers (the desk). Without it a run is at home here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le, MaxLen

from core.files import is_locked, read_json
from core.runs.epoch_of import epoch_of
from core.runs.events import LATEST
from core.runs.workspace import NAME
from core.settings.stored import KeptFiles, write_stored

STARTS_ANEW = 60.0  # seconds that the process which is in touch with other computers may be away
DESK_LOCK = f"{NAME}/nodes/desk.lock"  # held by the process that is in touch with other computers
Moment = Annotated[float, Ge(0), Le(LATEST)]  # Unix seconds


@dataclass(frozen=True)
class Placement:
    """What the file `placement.json` holds."""

    computer: Annotated[str, MaxLen(60)] = ""  # the name of the one that trains it, or trained it last; "": this one
    generation: Annotated[int, Ge(0)] = (
        0  # raised whenever the run changes hands: an owner with a smaller one has lost it
    )
    since: Moment = 0.0  # when that computer was given the run
    lost: Moment = 0.0  # when it was last heard of before it was lost; 0 while it is in touch
    settled: bool = False  # its training is over and every file of its folder is here

    @property
    def is_elsewhere(self) -> bool:
        """Whether another computer owns the run: nobody here may write into its folder but the desk, and those who ask."""
        return bool(self.computer) and not self.settled


_placements = KeptFiles(Placement)


def placement_of(folder: Path) -> Placement:
    """Of a run's folder. Never raises: what is missing or damaged is at home here."""
    return _placements.read(f"{folder}/placement.json") or Placement()


def write_placement(folder: Path, placement: Placement) -> None:
    """Raises OSError."""
    write_stored(folder / "placement.json", placement)


def hand_over(folder: Path, computer: str) -> None:
    """Makes the run that computer's, or ("") this one's, and shuts out whoever had it. Whoever calls holds the lock of the queue.

    Raises OSError.
    """
    was, now = placement_of(folder), time.time()
    if computer or was.computer:
        generation = max(was.generation + 1, int(now))  # so that a file that was damaged meanwhile repeats none
        write_placement(folder, Placement(computer, generation, now))


def starting_words(folder: Path, is_taken: bool) -> str:
    """Why a run has not begun yet, as a sentence; "" of one that is at home. `is_taken`: the other computer has begun with it."""
    placement = placement_of(folder)
    if not placement.is_elsewhere:
        return ""
    if is_taken:
        return f"The computer {placement.computer} gets what it lacks of it and loads the training program."
    return f"It waits for the computer {placement.computer} to take it."


def is_out_of_sight(folder: Path) -> bool:
    """Whether the run is elsewhere and what is in touch with its computer ended a moment ago: it most likely trains on."""
    placement = placement_of(folder)
    if not placement.is_elsewhere or placement.lost or is_locked(folder.parent / DESK_LOCK):
        return False
    if not placement.computer.isprintable():  # as it stands in a damaged file
        return False
    said = read_json((folder.parent / DESK_LOCK).with_name(f"{placement.computer}.json"))
    seen = said.get("seen") if isinstance(said, dict) else None
    return isinstance(seen, int | float) and abs(time.time() - seen) < STARTS_ANEW


def interrupted_words(folder: Path, last: Path) -> str:
    """Why a run elsewhere is interrupted, as a sentence; "" of one that is at home. `last`: its checkpoint."""
    placement = placement_of(folder)
    if not placement.is_elsewhere:
        return ""
    if not placement.lost:
        return (
            f"Its process on the computer {placement.computer} has ended, or that one is out of touch; what it did there will "
            "come here."
        )
    epoch = epoch_of(last)
    here = f"epoch {epoch:,} is here" if epoch else "no checkpoint of it is here yet"
    return f"Lost the computer {placement.computer} {clock_words(placement.lost)}; {here}."


def clock_words(moment: float) -> str:
    """A time of today as "at 10:42", of another day with its date. Unix seconds."""
    then, now = time.localtime(moment), time.localtime()
    return time.strftime("at %H:%M" if then[:3] == now[:3] else "on %d %b %Y at %H:%M", then)
