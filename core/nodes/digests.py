"""SHA-256 of files, computed once: it is kept by path, time of change and size in `.traindesk/nodes/digests.sqlite`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.files import opened, remove_file
from core.runs.workspace import workspace_folder

SETTLED_SECONDS = (
    3.0  # a file that changed later may change again within the same tick of its disk's clock: it is not noted
)
TRIES = 3  # for a file that changes while it is read
TABLE = """create table if not exists digests (path text primary key, changed integer not null, size integer not null,
    digest text not null) without rowid;
create index if not exists by_digest on digests (digest);"""


@dataclass(frozen=True)
class Content:
    """What a file held when it was looked at."""

    digest: str  # SHA-256, hexadecimal
    size: int  # bytes
    changed: int  # when it was changed last, in nanoseconds


class Digests:
    """What is known of files of this computer. Safe to be shared by threads and processes; hashing lets the others work."""

    def __init__(self, runs_folder: Path):
        """Raises TrainDeskError when the runs folder cannot be written."""
        folder = workspace_folder(runs_folder) / "nodes"
        folder.mkdir(exist_ok=True)
        self._file = folder / "digests.sqlite"

    def of(self, path: Path) -> Content:
        """Of a file, 2 s for each GB unless it is known. Raises OSError, TrainDeskError for one that goes on changing."""
        for _ in range(TRIES):
            if known := self.known(path):
                return known
            before = _facts(path)
            with opened(path) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if before == _facts(path):
                content = Content(digest, *before)
                self.note(path, content)
                return content
        raise TrainDeskError(f"{path} changes all the time, so it cannot be sent; wait until nothing writes it.")

    def known(self, path: Path) -> Content | None:
        """What is noted of a file that has not changed since."""
        try:
            size, changed = _facts(path)
        except OSError:
            return None
        wanted = [str(path), changed, size]
        rows = self._ask("select digest from digests where path = ? and changed = ? and size = ?", wanted)
        return Content(rows[0][0], size, changed) if rows else None

    def note(self, path: Path, content: Content, stays: bool = False) -> None:
        """Keeps what a file holds, unless it changed a moment ago; `stays` says that nobody will ever change it."""
        if stays or abs(time.time() - content.changed / 1e9) > SETTLED_SECONDS:
            row = [str(path), content.changed, content.size, content.digest]
            self._ask("insert or replace into digests values (?, ?, ?, ?)", row)

    def copies(self, digest: str) -> list[Path]:
        """Files that hold this, as far as is known."""
        paths = [Path(row[0]) for row in self._ask("select path from digests where digest = ?", [digest])]
        return [path for path in paths if (known := self.known(path)) and known.digest == digest]

    def _ask(self, query: str, values: list[Any]) -> list[tuple[str]]:
        """The rows; none where nothing can be kept or read, so that it is computed anew. A damaged file is given up."""
        try:
            with contextlib.closing(sqlite3.connect(self._file, timeout=20)) as connection, connection:
                connection.executescript(TABLE)
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.OperationalError):
                with contextlib.suppress(OSError):
                    remove_file(self._file)
            return []


def _facts(path: Path) -> tuple[int, int]:
    """Bytes, and when it was changed, in nanoseconds."""
    said = os.stat(path)
    return said.st_size, said.st_mtime_ns
