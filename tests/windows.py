"""A computer that keeps files as Windows does: nobody replaces, moves or removes one that this process has open or mapped."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core import files

SHARING_VIOLATION, NOT_EMPTY = 32, 145


def refused(path: str | os.PathLike, code: int = SHARING_VIOLATION) -> OSError:
    """The error of Windows."""
    number = errno.ENOTEMPTY if code == NOT_EMPTY else errno.EACCES
    error = OSError(number, "The process cannot access the file because it is being used by another process", str(path))
    error.winerror = code
    return error


def open_files() -> set[str]:
    """The paths of all files that this process has open or mapped into memory."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{number}")
        except OSError:  # the listing's own
            continue
        if path.startswith("/") and os.path.isfile(path):
            found.add(path)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        found |= {line.split(maxsplit=5)[5].rstrip("\n") for line in maps if " /" in line}
    return found


class Windows:
    """What was refused, and how time passes: `while_waiting` is called in place of each wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.refused: list[str] = []  # names of what could not be replaced, moved or removed, once for each try
        self.waited = 0.0  # seconds
        self.while_waiting: Callable[[], None] = lambda: None
        self._guard = threading.Lock()
        monkeypatch.setattr(files, "WINDOWS", True)
        monkeypatch.setattr(files, "pause", self._pause)
        for name in ("replace", "rename", "unlink", "remove", "rmdir"):
            monkeypatch.setattr(os, name, self._checked(getattr(os, name)))

    def _pause(self, seconds: float) -> None:
        with self._guard:
            self.waited += seconds
        self.while_waiting()

    def _checked(self, act: Callable) -> Callable:
        def checked(*paths: str | os.PathLike, dir_fd: int | None = None, **others: int) -> None:
            base = "" if dir_fd is None else os.readlink(f"/proc/self/fd/{dir_fd}")
            for path in paths:
                real = os.path.join(os.path.realpath(os.path.join(base, os.path.dirname(path))), os.path.basename(path))
                if any(each == real or each.startswith(f"{real}/") for each in open_files()):
                    with self._guard:
                        self.refused.append(Path(real).name)
                    raise refused(path)
            act(*paths, **({} if dir_fd is None else {"dir_fd": dir_fd}), **others)

        return checked
