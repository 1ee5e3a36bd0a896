"""Folders that were deleted and can be brought back, of whatever kind."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path

from core.files import GOING, folder_size, move_folder, remove_file, remove_folder, replace_file


class NameTaken(OSError):
    """A folder cannot be moved because another one has its name there."""


class Trash:
    """Folders that were deleted: they lie in `.trash` beside the others until they are taken out or removed for good."""

    MARK = "deleted"  # a file whose time is that of the deletion

    def __init__(self, beside: Path):
        self.beside = beside
        self.folder = beside / ".trash"

    def put(self, name: str) -> Path:
        """Moves the folder of that name here. Raises OSError, NameTaken when another of that name lies here."""
        place = self.folder / name
        if place.exists():
            raise NameTaken(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
        self.folder.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):  # on a full disk it can still be moved
            (self.beside / name / self.MARK).touch()
        move_folder(self.beside / name, place)
        return place

    def take_out(self, name: str) -> Path:
        """Moves it back. Raises OSError, NameTaken when another folder has its name."""
        place = self.beside / name
        if place.exists():
            raise NameTaken(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
        move_folder(self.folder / name, place)
        with contextlib.suppress(OSError):
            remove_file(place / self.MARK)
        return place

    def names(self) -> list[str]:
        """Of all that can be taken out, what was deleted last first."""
        paths = [path for path in _inside(self.folder) if not path.name.startswith(".")]
        return [
            path.name for path in sorted(paths, key=lambda path: (self.time_of(path.name), path.name), reverse=True)
        ]

    def time_of(self, name: str) -> float:
        """When it was deleted, in Unix seconds."""
        for path in (self.folder / name / self.MARK, self.folder / name):
            with contextlib.suppress(OSError):
                return path.stat().st_mtime
        return 0.0

    def give_up(self, older_than: float = 0) -> list[OSError]:
        """Gives up what was deleted at least so many seconds ago: from now on it can only be removed. Returns what went wrong."""
        problems = []
        for path in _inside(self.folder):
            if not path.name.startswith(GOING) and time.time() - self.time_of(path.name) >= older_than:
                try:
                    replace_file(path, path.with_name(GOING + secrets.token_hex(4)))
                except OSError as error:
                    problems.append(error)
        return problems

    def remove(self) -> tuple[int, list[OSError]]:
        """Removes what was given up, also by a process that was killed at it: the bytes that were freed, and what went wrong."""
        freed, problems = 0, list[OSError]()
        for path in _inside(self.folder):
            if path.name.startswith(GOING):
                before = folder_size(path)
                problems += remove_folder(path)
                freed += before - folder_size(path)
        return freed, problems


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
