"""Files of a run that come from the computer that trains it: gathered aside, each in its place at once when it is whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.files import remove_file, remove_folder, replace_file
from core.nodes.messages import CHUNK, is_digest, most_bytes_from
from core.nodes.outgoing import digest_of_path
from core.runs.store import Run

MOST_FILES = 5_000  # of a run
Facts = tuple[int, str]  # size in bytes, SHA-256


class Incoming:
    """Of one run; to be used by one thread at a time."""

    def __init__(self, run: Run):
        self._run, self._folder = run, run.folder / ".arriving"
        self._wanted: dict[str, str] = {}  # name -> SHA-256, of what was offered last and is not here
        self._known: dict[str, tuple[tuple[int, int, int], str]] = {}  # name -> facts of the file here, its SHA-256

    def offered(self, files: dict[str, Facts]) -> dict[str, int]:
        """Of all files that the run has there, those that are not here, and from which byte on they are wanted.

        Pieces of what is not wanted any more are removed, and snapshots that are not kept there any more. Raises OSError.
        """
        missing = {name: digest for name, (size, digest) in files.items() if not self.has(name, size, digest)}
        self._wanted = missing
        with contextlib.suppress(FileNotFoundError):
            for piece in self._folder.iterdir():
                if piece.stem not in missing.values():
                    remove_file(piece)
        if self._run.last.name in files:  # what it has is the whole run, not the beginning of one
            for snapshot in (self._run.folder / "looks").glob("*.npz"):
                if f"looks/{snapshot.name}" not in files:
                    remove_file(snapshot)
        return {name: self._begun(digest) for name, digest in missing.items()}

    def want(self, name: str, digest: str) -> int:
        """Has one more file wanted: from which byte on."""
        self._wanted[name] = digest
        return self._begun(digest)

    def has(self, name: str, size: int, digest: str) -> bool:
        """Whether the very file is here."""
        path = self._run.folder / name
        try:
            facts = _facts(path)
            if facts[0] != size:
                return False
            if name not in self._known or self._known[name][0] != facts:
                self._known[name] = facts, digest_of_path(path, size)
        except OSError:
            return False
        return self._known[name][1] == digest

    def take(self, name: str, digest: str, size: int, offset: int, data: bytes) -> dict[str, Any]:
        """Adds a piece: how many bytes are here now; "damaged" if all are, and are not those that were offered.

        Raises OSError, TrainDeskError.
        """
        if len(data) > CHUNK or offset + len(data) > size:
            raise TrainDeskError(f"The piece of '{name}' is longer than what was said of it; offer it again.")
        if self._wanted.get(name) != digest:
            if self.has(name, size, digest):
                return {"offset": size}
            raise TrainDeskError(f"'{name}' of run {self._run.id} was not asked for; offer it again.")
        self._folder.mkdir(exist_ok=True)
        piece = self.piece(digest)
        with piece.open("ab") as file:
            if file.tell() != offset:
                return {"offset": file.tell()}
            file.write(data)
        if offset + len(data) == size and digest_of_path(piece, size) != digest:
            remove_file(piece)
            return {"offset": 0, "damaged": True}
        return {"offset": offset + len(data)}

    def place(self, name: str, digest: str) -> None:
        """Puts a file that is whole into its place, unless it is there. Raises OSError."""
        if self._wanted.get(name) == digest:
            path = self._run.folder / name
            path.parent.mkdir(exist_ok=True)
            replace_file(self.piece(digest), path)
            self._known[name] = _facts(path), digest
            del self._wanted[name]

    def clear(self) -> None:
        """Removes what is not whole."""
        remove_folder(self._folder)

    def piece(self, digest: str) -> Path:
        """Where a file gathers."""
        return self._folder / f"{digest}.tmp"

    def _begun(self, digest: str) -> int:
        with contextlib.suppress(OSError):
            return self.piece(digest).stat().st_size
        return 0


def checked_files(files: dict[str, Any]) -> dict[str, Facts]:
    """What another computer says of a run's files. Raises TrainDeskError."""
    if len(files) > MOST_FILES:
        raise TrainDeskError(f"The run has {len(files):,} files; at most {MOST_FILES:,} are taken.")
    return {name: checked_file(name, facts) for name, facts in files.items()}


def checked_file(name: Any, facts: Any) -> Facts:
    """Raises TrainDeskError for a name or a size that no file of a run has."""
    most = most_bytes_from(name) if isinstance(name, str) else 0
    if not most:
        raise TrainDeskError(f"A run has no file '{str(name)[:80]}'; it is not taken.")
    if not (isinstance(facts, list | tuple) and len(facts) == 2 and type(facts[0]) is int and is_digest(facts[1])):
        raise TrainDeskError(f"What was said of '{name}' is no size and SHA-256; it is not taken.")
    if not 0 <= facts[0] <= most:
        raise TrainDeskError(f"'{name}' has {facts[0]:,} bytes; at most {most:,} are taken.")
    return facts[0], facts[1]


def _facts(path: Path) -> tuple[int, int, int]:
    said = os.stat(path)
    return said.st_size, said.st_mtime_ns, said.st_ino
