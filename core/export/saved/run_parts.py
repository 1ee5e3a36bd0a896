"""What of a run's folder leaves with it, and how large each part may be when it comes: all else says who trained it or where, or
is about a process that is not there any more."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.paths import HOME
from core.runs.events import ENDS, INTERRUPTED, Event, event_in
from core.runs.metadata import RunMetadata, read_metadata
from core.runs.store import Run

MOST_FILES = 5_000  # of a run: a network for each of a thousand epochs is among them
_MB, _GB = 2**20, 2**30
_PARTS = {  # name in the run's folder -> the most bytes it may have
    r"config\.json": 16 * _MB,
    r"events\.jsonl": 512 * _MB,  # a week of four lines a second
    r"labels\.json": _MB,
    r"network\.json": 16 * _MB,
    r"(best|last|kept/\d{6})\.pt": 8 * _GB,
    r"(val|test)_predictions\.npz": 2 * _GB,
    r"looks/(pictures|\d{6})\.npz": 256 * _MB,
    r"looks/best": 32,
}
SAVED_MEANWHILE = "It was saved while it trained."
_ELSEWHERE = re.compile(r"""(?<![\w/\\.:…])(?:[A-Za-z]:[\\/]|\\\\|/)[^\s'"<>|:;,()]*[\\/]([^\s'"<>|:;,()\\/]+)""")


def most_bytes(name: str) -> int:
    """That a part of a run of this name may have; 0 where a run has no such part."""
    return next((most for pattern, most in _PARTS.items() if re.fullmatch(pattern, name, re.ASCII)), 0)


def parts_of(run: Run) -> dict[str, Path]:
    """Name -> file, of all that leaves but the log and the metadata, which are written anew.

    Networks come first, the one to go on from before the best: while a run trains, what is read later is never older. A log that
    tells more than a checkpoint knows is what every crash leaves; a checkpoint that knows more is not.
    """
    ordered = [run.last, run.best]
    ordered += [run.kept / name for name in _names_in(run.kept)]
    ordered += [run.folder / "looks" / name for name in _names_in(run.folder / "looks")]
    ordered += [run.folder / f"{split}_predictions.npz" for split in ("val", "test")]
    ordered += [run.network, run.config_file]
    named = {path.relative_to(run.folder).as_posix(): path for path in ordered}
    return {name: path for name, path in named.items() if most_bytes(name) and path.is_file() and not path.is_symlink()}


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def metadata_that_leaves(run: Run) -> RunMetadata:
    """Title, note and tags; not whose it is and whether they like it."""
    return replace(read_metadata(run), owner="", favourite=False)


@dataclass(frozen=True)
class Places:
    """Folders of this computer, none of which may be told elsewhere."""

    named: tuple[str, ...]  # the longest first

    @classmethod
    def here(cls, *folders: Path) -> Places:
        """Those of the program, of the user and of temporary files, and these."""
        homes = [Path.home()] if Path.home() != Path("/") else []
        found = {
            str(each)
            for folder in (*folders, HOME, *homes, Path(tempfile.gettempdir()))
            for each in (folder, folder.resolve())
        }
        return cls(tuple(sorted(found - {"/", "."}, key=len, reverse=True)))

    def left_out(self, text: str) -> str:
        """The text in which of each path only the last name is left."""
        for folder in self.named:
            text = re.sub(rf"{re.escape(folder)}(?![\w.-])", "…", text)
        return _ELSEWHERE.sub(r"…/\1", text)


def log_that_leaves(lines: Iterable[bytes], places: Places, is_active: bool) -> Iterator[bytes]:
    """The complete lines of a log, without what they say of this computer's folders; of a run that trains a last one says so."""
    last = b""
    for line in lines:
        if not line.endswith(b"\n"):
            break  # half of one: its end is still being written
        if b'"message"' in line:
            line = _line(
                {
                    name: places.left_out(value) if isinstance(value, str) else value
                    for name, value in (event_in(line) or {}).items()
                }
            )
        last = line
        yield line
    end = event_in(last) if is_active else None
    if end is not None and end["event"] not in ENDS:
        yield _line({"event": INTERRUPTED, "time": end.get("time", 0.0), "message": SAVED_MEANWHILE})


def _line(event: Event) -> bytes:
    return json.dumps(event, allow_nan=False, separators=(",", ":")).encode() + b"\n"
