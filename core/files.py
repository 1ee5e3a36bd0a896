"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path


def write_atomically(path: Path, data: bytes | memoryview, sync: bool = True) -> None:
    """Replaces a file in one step: readers see the old bytes or the new ones, also after a crash, with `sync` of the computer.

    Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def move_folder(source: Path, place: Path) -> None:
    """Moves a folder to a place that is free, all at once, also onto another disk: there a hidden neighbour is copied first.

    Raises OSError; then the source is as it was, and nothing lies at the place.
    """
    try:
        source.rename(place)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    neighbour = place.with_name(f".moving-{secrets.token_hex(4)}")
    failed: list[OSError] = []

    def copy(one: str, to: str) -> None:
        try:
            shutil.copy2(one, to)
        except OSError as error:  # copytree goes on, and keeps only the words of it
            failed.append(error)
            raise

    try:
        shutil.copytree(source, neighbour, copy_function=copy)
        neighbour.rename(place)
    except shutil.Error as error:
        raise failed[0] if failed else OSError(errno.EIO, "copying failed") from error
    finally:
        shutil.rmtree(neighbour, ignore_errors=True)
    shutil.rmtree(source, ignore_errors=True)


def remedy(error: OSError) -> str:
    """What to do about a file that could not be written."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "allow writing there, or set TRAINDESK_DATA to another folder"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "free some space"
    return "check that disk"
