"""Where a run is trained: on this computer, or on another one whose copy of the folder is brought here while it grows.

The file `placement.json` is written by whoever gives the run to a computer or takes it back, under the lock of the queue, and by
the process that is in touch with the other computers (the desk). Without it a run is at home here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from core.settings.stored import KeptFiles, write_stored


@dataclass(frozen=True)
class Placement:
    """What the file `placement.json` holds; all times are Unix seconds."""

    computer: str = ""  # the name of the one that trains it, or trained it last; "": this one
    generation: Annotated[int, Ge(0)] = (
        0  # raised whenever the run changes hands: an owner with a smaller one has lost it
    )
    since: float = 0.0  # when that computer was given the run
    lost: float = 0.0  # when it was last heard of before it was lost; 0 while it is in touch
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
        generation = max(
            was.generation + 1, int(now)
        )  # of the time, so that a file that was damaged meanwhile repeats none
        write_placement(folder, Placement(computer, generation, now))
