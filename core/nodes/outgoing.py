"""The files of a run's folder that go from the computer that trains it to the desk, as they were at one moment."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from core.files import opened
from core.nodes.messages import CHUNK, LOG, most_bytes_from
from core.runs.store import Run

FOLDERS = ("kept", "looks", "tensorboard")
SETTLED_SECONDS = 2.0  # a file that changed later may change again within the same tick of its disk's clock
_Facts = tuple[int, int, int]  # size, time of change in nanoseconds, number of the file


class Outgoing:
    """What can be sent of one run, to be used by one thread.

    The two checkpoints that are replaced again and again are kept open from then on until `close`, so that what is
    sent is what was looked at. The one to go on from is looked at first: none of the others is older.
    """

    def __init__(self, run: Run):
        self._run = run
        self._known: dict[
            str, tuple[_Facts, str]
        ] = {}  # name -> facts and SHA-256 of a file that will not change unnoticed
        self._open: dict[str, BinaryIO] = {}
        self._seen: dict[str, _Facts] = {}

    def has_changed(self) -> bool:
        """Whether a file is not as it was when all was looked at last."""
        return self._facts() != self._seen

    def look(self) -> dict[str, tuple[int, str]]:
        """Bytes and SHA-256 of all files, by name, the last checkpoint first. What cannot be read is left out."""
        self.close()
        facts = self._facts()
        found = {}
        for name, fact in facts.items():
            with contextlib.suppress(OSError):
                found[name] = self._content(name, fact)
        self._seen = facts
        return found

    def look_again(self) -> None:
        """Everything counts as changed."""
        self._seen = {}

    def send(
        self, wanted: dict[str, int], files: dict[str, tuple[int, str]], call: Callable[..., dict[str, Any]]
    ) -> bool:
        """Sends by `put` what is wanted from some byte on, small files first, and what to go on from when all else is there.

        Whether all arrived; a file that has changed since it was looked at does not. Raises OSError, and what `call` raises.
        """
        last = self._run.last.name
        for name in sorted(wanted, key=lambda name: (name == last, files[name][0])):
            if not self._put(name, *files[name], wanted[name], call):
                self.look_again()
                return False
        return True

    def _put(self, name: str, size: int, digest: str, offset: int, call: Callable[..., dict[str, Any]]) -> bool:
        file = self.open(name)
        while True:
            file.seek(offset)
            data = file.read(max(0, min(CHUNK, size - offset)))
            said = call("put", name=name, digest=digest, size=size, offset=offset, data=data)
            if "damaged" in said or (not data and offset < size):
                return False
            if (offset := said["offset"]) == size:
                return True

    def open(self, name: str) -> BinaryIO:
        """To be read from its beginning, and closed by `close`. Raises OSError."""
        if name not in self._open:
            self._open[name] = _opened(self._run.folder / name)
        return self._open[name]

    def close(self) -> None:
        """Lets go of all files."""
        while self._open:
            self._open.popitem()[1].close()

    def _content(self, name: str, fact: _Facts) -> tuple[int, str]:
        if (known := self._known.get(name)) and known[0] == fact:
            return fact[0], known[1]
        changing = name in (self._run.last.name, self._run.best.name)
        file = self.open(name) if changing else opened(self._run.folder / name)
        try:
            size = os.fstat(file.fileno()).st_size
            digest = digest_of(file, size)
        finally:
            if not changing:
                file.close()
        if size == fact[0] and abs(time.time() - fact[1] / 1e9) > SETTLED_SECONDS:
            self._known[name] = fact, digest
        return size, digest

    def _facts(self) -> dict[str, _Facts]:
        """Of all that may be sent; the last checkpoint stands first."""
        found: dict[str, _Facts] = {}
        for folder in ("", *FOLDERS):
            with contextlib.suppress(OSError), os.scandir(self._run.folder / folder) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    most = most_bytes_from(name)
                    if most and name != LOG and entry.is_file(follow_symlinks=False):
                        said = entry.stat()
                        if said.st_size <= most:
                            found[name] = said.st_size, said.st_mtime_ns, said.st_ino
        return dict(sorted(found.items(), key=lambda item: (item[0] != self._run.last.name, item[0])))


def digest_of(file: BinaryIO, size: int) -> str:
    """SHA-256 of a file's first bytes. Raises OSError."""
    found = hashlib.sha256()
    file.seek(0)
    while size > 0 and (piece := file.read(min(size, 2**20))):
        found.update(piece)
        size -= len(piece)
    return found.hexdigest()


def digest_of_path(path: Path, size: int) -> str:
    """The same of a file that is not open. Raises OSError."""
    with opened(path) as file:
        return digest_of(file, size)


def _opened(path: Path) -> BinaryIO:
    """Open, and no hindrance to whoever replaces the file: on Windows that needs a copy."""
    file = opened(path)
    if sys.platform != "win32":
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    with file:
        shutil.copyfileobj(file, copy)
    return copy  # type: ignore[return-value]
