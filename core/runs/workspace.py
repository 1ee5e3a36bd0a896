"""What belongs to a folder of runs as a whole: its locks, its settings, its index."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.files import read_json, write_atomically

NAME = ".traindesk"
PATIENCE = 20.0  # seconds for a lock that others hold for milliseconds


def workspace_folder(runs_folder: Path) -> Path:
    """The folder of these files, made if it is missing. Raises TrainDeskError if it cannot be."""
    folder = runs_folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainDeskError(
            f"The runs folder {runs_folder} cannot be written ({error.strerror}); free space or choose another one."
        ) from error
    return folder


@contextlib.contextmanager
def locked(runs_folder: Path, name: str) -> Iterator[None]:
    """Holds the lock of that name, one process at a time. Not to be nested. Raises TrainDeskError."""
    path = workspace_folder(runs_folder) / f"{name}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise TrainDeskError(
            f"{path} has been held by another process for {PATIENCE:.0f} seconds; try again."
        ) from None
    except OSError as error:
        raise TrainDeskError(
            f"The runs folder {runs_folder} cannot be written ({error.strerror}); free space or check the folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def read_setting(runs_folder: Path, name: str, default: int) -> int:
    """A whole number that people chose for this folder; the default when it is missing or damaged."""
    value = _settings(runs_folder).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def write_setting(runs_folder: Path, name: str, value: int) -> None:
    """Raises TrainDeskError."""
    with locked(runs_folder, "settings"):
        data = json.dumps(_settings(runs_folder) | {name: value}).encode()
        try:
            write_atomically(runs_folder / NAME / "settings.json", data)
        except OSError as error:
            raise TrainDeskError(f"The setting could not be stored ({error.strerror}); free space.") from error


def _settings(runs_folder: Path) -> dict[str, Any]:
    said = read_json(runs_folder / NAME / "settings.json")
    return said if isinstance(said, dict) else {}
