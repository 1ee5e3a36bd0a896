"""What was brought to this computer for a run that another one asked for: which folders of the data folder its worker reads
instead of what this computer has itself."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from core.settings.stored import read_stored, write_stored

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,160}", re.ASCII)


@dataclass(frozen=True)
class Brought:
    """What the file `brought.json` holds: names of folders in DATA/decoded, DATA/corrections and DATA/earlier; "": none was."""

    decoded: str = ""  # the pictures, as `core.datasets.cache` keeps them
    corrections: str = ""  # what people corrected, see `core.datasets.corrections`
    earlier: str = ""  # a checkpoint of the run that this one starts from, with that run's config

    def folder(self, kind: str, data_folder: Path) -> Path | None:
        """The folder of a kind ("decoded"); None when none was brought for this run."""
        name = asdict(self)[kind]
        return data_folder / kind / name if NAME.fullmatch(name) else None


def brought_for(folder: Path) -> Brought:
    """Of a run's folder. Never raises: without the file its worker reads what this computer has."""
    return read_stored(Brought, folder / "brought.json")


def write_brought(folder: Path, brought: Brought) -> None:
    """Raises OSError."""
    write_stored(folder / "brought.json", brought)
