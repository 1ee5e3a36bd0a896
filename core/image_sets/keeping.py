"""How long own pictures are kept: the day on which a dataset or a collection goes, and what is remembered of one that went.

The day lies in a file of the folder, so that it also holds in the trash and where the pictures' own file is damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.errors import TrainDeskError
from core.files import remedy, remove_file
from core.settings.stored import read_stored, write_stored

FILE = "keeping.json"
ERASED = ".erased"  # folder beside the datasets


@dataclass(frozen=True)
class Keeping:
    """How long a folder's pictures are kept."""

    day: str = ""  # on which they go, as 2026-12-04; "": until someone deletes them

    @property
    def goes(self) -> date | None:
        """The day on which they go; None: until someone deletes them."""
        return _day(self.day)


@dataclass(frozen=True)
class Erased:
    """What is known of a dataset that went with all its pictures."""

    day: str = ""

    @property
    def on(self) -> str:
        """The day in words, "4 December 2026"."""
        found = _day(self.day)
        return day_words(found) if found else "a day that is not known"


def keeping_of(folder: Path) -> Keeping:
    """What was chosen for a dataset or an import. Never raises."""
    return read_stored(Keeping, folder / FILE)


def keep_until(folder: Path, day: date | None) -> None:
    """On this day they go; None: until someone deletes them. Raises TrainDeskError."""
    try:
        if day:
            write_stored(folder / FILE, Keeping(day.isoformat()))
        else:
            remove_file(folder / FILE)
    except OSError as error:
        raise TrainDeskError(
            f"How long the pictures are kept could not be stored ({error.strerror}); {remedy(error)}."
        ) from error


def keep_as(folder: Path, other: Path) -> None:
    """As long as those of the other folder. Raises OSError."""
    if (said := keeping_of(other)).goes:
        write_stored(folder / FILE, said)


def note_erased(sets_folder: Path, set_id: str, today: date) -> None:
    """From now on runs that learned from it say that its pictures went on this day. Raises OSError."""
    file = sets_folder / ERASED / f"{set_id}.json"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_stored(file, Erased(today.isoformat()))


def erased(sets_folder: Path, set_id: str) -> Erased | None:
    """None for one that did not go in this way. `set_id` is a name of a dataset."""
    file = sets_folder / ERASED / f"{set_id}.json"
    return read_stored(Erased, file) if file.is_file() else None


def all_erased(sets_folder: Path) -> dict[str, float]:
    """Those that went: id -> when, in Unix seconds."""
    return {path.stem: path.stat().st_mtime for path in (sets_folder / ERASED).glob("*.json")}


def day_words(day: date) -> str:
    """A day as people read it: "4 December 2026"."""
    return f"{day.day} " + day.strftime("%B %Y")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
