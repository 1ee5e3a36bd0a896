"""Which devices of its computer a run was given, or took: the file `device.json` of its folder.

Whoever starts a run from the queue writes it, and its worker obeys; a worker that chose for itself writes what it took. So
whoever starts the next one knows which GPU is whose, also before the worker has said its first word.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, MaxLen

from core.settings.stored import KeptFiles, write_stored

MOST_DEVICES = 64  # of one run


@dataclass(frozen=True)
class Assignment:
    """What the file holds."""

    devices: Annotated[list[str], MaxLen(MOST_DEVICES)] = field(
        default_factory=list
    )  # names as in a config: cuda:0, mps, cpu
    uuids: Annotated[list[str], MaxLen(MOST_DEVICES)] = field(
        default_factory=list
    )  # of the same, as far as they have any
    memory: Annotated[int, Ge(0)] = 0  # bytes of a GPU that it is expected to take at most; 0: not known, so all of it

    @property
    def given(self) -> list[str]:
        """What a worker goes by: UUIDs, which mean the same in every process, where all have one."""
        return self.uuids if self.uuids and len(self.uuids) == len(self.devices) else self.devices


_assignments = KeptFiles(Assignment)


def assignment_of(folder: Path) -> Assignment:
    """Of a run's folder; one without devices where nothing is known. Never raises."""
    return _assignments.read(f"{folder}/device.json") or Assignment()


def assign(folder: Path, assignment: Assignment) -> None:
    """Writes it. What cannot be written is chosen by the worker itself."""
    with contextlib.suppress(OSError):
        write_stored(folder / "device.json", assignment, sync=False)
