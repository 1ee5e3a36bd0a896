"""Files and folders: written so that nobody ever sees half of one, read so that nothing in them does harm, moved, removed.

Windows lets nobody replace, move or remove a file that anyone has open or mapped. So all that does goes through here, where it is
tried again for a while.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

T = TypeVar("T")
WINDOWS = os.name == "nt"
IN_USE = (32, 33, 1224)  # errors of Windows: open elsewhere, locked, mapped into memory
# access denied, a folder that is not empty, a file that is being removed: so until whoever has it open closes it, or for good
MAY_BE_IN_USE = (*IN_USE, 5, 145, 303)
PATIENCE = 2.0  # seconds for others to close a file that they read
READERS_PATIENCE = 0.25  # seconds; a file is out of reach only while it is replaced
STEP = 0.02  # seconds between two tries
pause = time.sleep
GOING = ".going-"  # begins the names of folders that are being removed for good
MOST_JSON = 64 * 2**20  # bytes; nothing that is written here comes near


def patiently(act: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `act` returns; refused because somebody may have the file open, it is tried again for so many seconds.

    Raises what `act` raises.
    """
    while True:
        try:
            return act()
        except OSError as error:
            if seconds <= 0 or not may_be_in_use(error):
                raise
        pause(STEP)
        seconds -= STEP


def may_be_in_use(error: OSError) -> bool:
    """Whether the same may go well as soon as somebody has closed a file."""
    code = getattr(error, "winerror", None)  # none of `open`
    return WINDOWS and (code in MAY_BE_IN_USE if code else isinstance(error, PermissionError))


def is_in_use(error: OSError) -> bool:
    """Whether a file was refused because somebody has it open, and for no other reason."""
    return getattr(error, "winerror", None) in IN_USE


def write_atomically(path: Path, data: bytes | memoryview, sync: bool = True, patience: float = PATIENCE) -> None:
    """Replaces a file in one step: readers see the old bytes or the new ones, also after a crash, with `sync` of the computer.

    Raises OSError, on Windows also when somebody reads the old one for longer than `patience` seconds.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        replace_file(temporary, path, patience)
    finally:
        remove_file(temporary)


def replace_file(source: Path, target: Path, patience: float = PATIENCE) -> None:
    """Gives a file the name of another, which it replaces. Raises OSError."""
    patiently(lambda: os.replace(source, target), patience)


def remove_file(path: Path) -> None:
    """Removes a file, if it is there. Raises OSError."""
    patiently(lambda: path.unlink(missing_ok=True))


def remove_folder(folder: Path, patience: float = PATIENCE) -> list[OSError]:
    """Removes a folder with all that is in it, or a file, as far as it can be; what went wrong. Never raises."""
    problems: list[OSError] = []

    def remove() -> None:
        problems[:] = _remove(folder)
        if busy := next(filter(may_be_in_use, problems), None):
            raise busy

    with contextlib.suppress(OSError):
        patiently(remove, patience)
    return problems


def discard_folder(folder: Path) -> None:
    """Removes a folder whose files others may have mapped: all of it or, where Windows forbids that, nothing, to be discarded
    another time. What a killed process leaves of it has a name with `GOING`. Never raises."""
    aside = folder.with_name(f"{GOING}{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        os.replace(folder, aside)
        remove_folder(aside, patience=0)


def opened(path: Path | str) -> BufferedReader:
    """A file that others replace, open for reading; to be closed soon. Raises OSError, IsADirectoryError on every system."""
    try:
        return patiently(lambda: open(path, "rb"), READERS_PATIENCE)  # noqa: SIM115
    except PermissionError as error:
        if not os.path.isdir(path):
            raise
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path)) from error


def read_bytes(path: Path | str) -> bytes:
    """All that stands in a file that others replace. Raises OSError, see `opened`."""
    with opened(path) as file:
        return file.read()


def read_json(path: Path) -> Any:
    """What a JSON file holds; None when there is none that can be read. Never raises.

    What only looks like JSON is none: bytes that are no text, a folder, a depth that no stack holds. Numbers that are infinite,
    none at all or too long for 64 bits are None where they stand, and halves of characters are left out.
    """
    try:
        if path.stat().st_size > MOST_JSON:
            return None
        return parse_json(read_bytes(path))
    except OSError:
        return None


def parse_json(data: bytes | str) -> Any:
    """The same of bytes or text."""
    try:
        text = data if isinstance(data, str) else data.decode(json.detect_encoding(data), "surrogatepass")
        said = _DECODER.decode(text)
        return without_halves(said) if (b"\\u" if isinstance(data, bytes) else "\\u") in data else said  # type: ignore[operator]
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float | None:
    return number if math.isfinite(number := float(text)) else None


def _short(text: str) -> int | None:
    return number if len(text) <= 20 and -(2**63) <= (number := int(text)) < 2**63 else None


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_short, parse_constant=lambda _: None)


def without_halves(said: Any) -> Any:
    """The same without halves of characters (surrogates), which nothing can write or show."""
    if isinstance(said, str):
        return said.encode("utf-8", "ignore").decode()
    if isinstance(said, list):
        return [without_halves(each) for each in said]
    if isinstance(said, dict):
        return {without_halves(key): without_halves(value) for key, value in said.items()}
    return said


def move_folder(source: Path, place: Path) -> None:
    """Moves a folder to a place that is free, all at once, also onto another disk: there a hidden neighbour is copied first.

    Raises OSError; then the source is as it was, and nothing lies at the place.
    """
    try:
        patiently(lambda: source.rename(place))
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
        patiently(lambda: neighbour.rename(place))
    except shutil.Error as error:
        raise failed[0] if failed else OSError(errno.EIO, "copying failed") from error
    finally:
        remove_folder(neighbour)
    remove_folder(source)


def remedy(error: OSError) -> str:
    """What to do about a file that could not be written."""
    if error.errno == errno.ENAMETOOLONG or getattr(error, "winerror", None) == 206:
        return "set TRAINDESK_DATA to a folder with a shorter path"
    if is_in_use(error):
        return "close whatever has it open, and try again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "allow writing there, or set TRAINDESK_DATA to another folder"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "free some space"
    return "check that disk"


class Inside:
    """A file or folder of a fixed name in the `folder` of the thing that it is an attribute of."""

    def __init__(self, name: str):
        self.name = name

    def __get__(self, thing: Any, _: type | None = None) -> Path:
        """Of the class itself: this, whose `name` is all that is known."""
        return self if thing is None else thing.folder / self.name  # type: ignore[return-value]


def is_locked(path: Path) -> bool:
    """Whether a process holds this lock file. The system frees it however the process ends, reboots included.

    To ask makes no file: where the folder was deleted meanwhile, what `FileLock` made in its place goes again.
    """
    try:
        before = path.stat()
    except OSError:
        return False
    try:
        with FileLock(path, timeout=0):
            is_new = path.stat().st_ino != before.st_ino
    except Timeout:
        return True
    except OSError:  # a folder that is only read, in which nobody works
        return False
    if is_new:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            path.parent.rmdir()
    return False


def folder_size(folder: Path) -> int:
    """Bytes of all the files in it. What vanishes meanwhile counts nothing."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(parent, name)).st_size
    return size


def _remove(path: Path) -> list[OSError]:
    problems = list[Any]()
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, onerror=lambda _, __, failure: problems.append(failure[1]))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        problems.append(error)
    return [each for each in problems if not isinstance(each, FileNotFoundError)]  # another process removes it as well
