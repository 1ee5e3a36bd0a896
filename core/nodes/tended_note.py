"""What a computer notes in the folder of a run that it trains for the desk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.settings.stored import read_stored, write_stored

NAME = "tended.json"


@dataclass(frozen=True)
class Tended:
    """What the file `tended.json` holds."""

    generation: int = 0
    launched: bool = False  # its worker was started in this generation, or it ended before that
    placed: int = 0  # serial of the last learning rate that was asked of the worker
    settled: bool = False  # all of it is at the desk, or it is not ours any more


def tended_in(folder: Path) -> Tended:
    """Of a run's folder. Never raises."""
    return read_stored(Tended, folder / NAME)


def keep_note(folder: Path, note: Tended) -> None:
    """Raises OSError."""
    write_stored(folder / NAME, note)
