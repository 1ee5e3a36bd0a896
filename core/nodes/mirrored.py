"""A run that another computer trains, as the desk keeps it: its log a byte prefix of the one there, its files whole or not there.

While it trains and its computer is in touch, the run's lock is held here, so that every page and every worker sees it as taken.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.files import parse_json
from core.machine.processes import name_process
from core.nodes.messages import CHUNK, LOG, is_digest, most_bytes_from
from core.nodes.outgoing import digest_of_path
from core.nodes.parcels import Parcel
from core.runs.events import ENDS, FAILED, EventWriter, event_in, last_event
from core.runs.placement import Placement, write_placement
from core.runs.playback import playback_of
from core.runs.queue import locked
from core.runs.store import Run
from core.settings.stored import read_stored, stored_as, write_stored

MARK_SECONDS = 5.0  # between two times that the mark of a start is made young
MOST_FILES = 5_000  # of a run


class Stale(Exception):
    """The run is not that computer's, or not in this generation, or not here any more."""


class Settled(Exception):
    """The run is over, and all of it is here."""


@dataclass(frozen=True)
class Taken:
    """What the file `.mirror` in the run's folder holds."""

    generation: int = 0
    base: int = 0  # bytes of the log when that computer was given the run
    is_over: bool = False  # its worker there is gone, whether it said a last word or not


class MirroredRun:
    """One run in one generation. Safe to be called by several threads."""

    def __init__(self, run: Run, placement: Placement):
        self.run, self.placement = run, placement
        self.parcels: list[Parcel] | None = None  # that its computer needs before it can begin; None: not known yet
        self.log_digest = ""  # of the first `base` bytes
        self.is_getting_ready = False  # somebody looks for these
        self._lock = FileLock(run.worker_lock, thread_local=False)
        self._guard = threading.RLock()
        self._sending = threading.Lock()
        self._taken = read_stored(Taken, self._state)
        self._wanted: dict[str, str] = {}  # name -> SHA-256, of what was offered last and is not here
        self._known: dict[str, tuple[tuple[int, int, int], str]] = {}  # name -> facts of the file and its SHA-256
        self._marked = 0.0
        self._has_ended = False
        self._look_for_end()

    @property
    def is_taken(self) -> bool:
        """Whether the desk has noted how long the log was: from then on its computer may be told of the run."""
        return self._taken.generation == self.placement.generation

    @property
    def base(self) -> int:
        """Bytes of the log when its computer was given the run."""
        return self._taken.base

    @property
    def has_begun(self) -> bool:
        """Whether its computer has said a word."""
        return self.is_taken and (self._size() > self._taken.base or self._taken.is_over)

    @property
    def is_over(self) -> bool:
        """Whether no worker trains it there any more; files may still be missing here."""
        return self.is_taken and (self._has_ended or self._taken.is_over)

    def keep(self) -> None:
        """Holds the lock while it trains in touch with us, and says so to those who look. Raises OSError."""
        with self._guard:
            if self.placement.lost or self.is_over:
                self.let_go()
                return
            if not self._held():
                return
            if not self.is_taken:
                self._note(Taken(self.placement.generation, self._size()))
            self.run.queue_place.unlink(missing_ok=True)
            if self.has_begun:
                self.run.starting_mark.unlink(missing_ok=True)
            elif time.monotonic() - self._marked > MARK_SECONDS:
                self.run.starting_mark.touch()
                name_process(self.run.starting_mark, os.getpid())
                self._marked = time.monotonic()

    def let_go(self) -> None:
        """Of the lock."""
        with self._guard:
            self._lock.release(force=True)

    def lose(self, when: float) -> None:
        """Notes that its computer was last heard of then (Unix seconds); 0: it is back. Raises Stale, OSError, TrainDeskError."""
        with self._guard:
            self._place(replace(self.placement, lost=when))
            if when:
                self.run.starting_mark.unlink(missing_ok=True)
            self._marked = 0.0
            self.keep()

    def fail(self, message: str) -> None:
        """Ends a run that its computer was not told of yet. Raises Stale, OSError, TrainDeskError."""
        with self._guard:
            with self._writing():
                log = EventWriter(self.run.event_log)
                try:
                    log.write(FAILED, message=message)
                finally:
                    log.close()
            self._settle()

    def order(self) -> dict[str, Any] | None:
        """What its computer is to do with it; None while that is not known yet. Raises OSError."""
        begun = self.has_begun
        if not self.is_taken or (not begun and self.parcels is None):
            return None
        return {
            "generation": self.placement.generation,
            "begun": begun,
            "config": "" if begun else self.run.config_file.read_text(encoding="utf-8"),
            "log": [self.base, self.log_digest],
            "parcels": [] if begun else [parcel.to_dict() for parcel in self.parcels or ()],
            "requests": self.requests(),
        }

    def requests(self) -> dict[str, Any]:
        """What people ask of it, as the order to its computer says it."""
        run = self.run
        playback = playback_of(run)
        return {
            "stop": run.stop_request.exists(),
            "pause": run.pause_request.exists(),
            "learning_rate": self._learning_rate(),
            "playback": {"epoch_seconds": playback.epoch_seconds, "until": playback.until} if playback else None,
        }

    def was_placed(self, serial: int) -> None:
        """The learning rate of that serial was asked of the worker there: it need not be asked again."""
        path, taken = self.run.learning_rate_request, self.run.folder / ".learning_rate"
        with contextlib.suppress(OSError):
            if os.stat(path).st_mtime_ns != serial:
                return
            os.replace(path, taken)
            if os.stat(taken).st_mtime_ns != serial:  # another one was asked for just now
                os.link(taken, path)
        taken.unlink(missing_ok=True)

    def deliver(self, offset: int, data: bytes) -> dict[str, Any]:
        """Appends what is new of these bytes of the log: how many there are now. Raises Stale, OSError, TrainDeskError."""
        with self._guard:
            self.check()
            size = self._size()
            new = data[size - offset :] if 0 <= size - offset < len(data) else b""
            if not new:
                return {"size": size}
            if size + len(new) > most_bytes_from(LOG):
                raise TrainDeskError(f"The log of run {self.run.id} is too long to be kept here; stop the run.")
            with self._writing(), self.run.event_log.open("ab", buffering=0) as file:
                written = file.write(new)
                if written == len(new) and new.endswith(b"\n"):
                    last = event_in(new.rstrip(b"\n").rpartition(b"\n")[2])
                    self._has_ended = last is not None and last["event"] in ENDS
                else:
                    self._look_for_end()
            self.run.starting_mark.unlink(missing_ok=True)
            if self._has_ended:
                self._clear_requests()
                self.let_go()
            if written < len(new):
                raise OSError(28, os.strerror(28), str(self.run.event_log))
            return {"size": size + written}

    def offer(self, files: dict[str, Any], over: Any) -> dict[str, Any]:
        """Which of its files are wanted, and from which byte on; and whether all is here.

        `over`: bytes of the log there and its SHA-256, once its worker is gone. Raises Stale, OSError, TrainDeskError.
        """
        if len(files) > MOST_FILES:
            raise TrainDeskError(f"Run {self.run.id} has {len(files):,} files; at most {MOST_FILES:,} are taken.")
        facts = {name: _checked(name, fact) for name, fact in files.items()}
        with self._sending:
            self.check()
            wanted = {
                name: self._arrived(digest)
                for name, (size, digest) in facts.items()
                if not self._has(name, size, digest)
            }
            self._wanted = {name: facts[name][1] for name in wanted}
            self._forget(facts)
            if over is None:
                return {"wanted": wanted, "settled": False}
            size, digest = _checked(LOG, over)
            with self._guard:
                if not self._taken.is_over:
                    self._note(replace(self._taken, is_over=True))
                    self.keep()
                here = self._size()
                if here >= size and digest_of_path(self.run.event_log, size) != digest:
                    wanted[LOG], self._wanted[LOG] = self._arrived(digest), digest
                if wanted or here < size:
                    return {"wanted": wanted, "settled": False}
                self._settle()
        return {"wanted": {}, "settled": True}

    def put(self, name: str, digest: str, size: int, offset: int, data: bytes) -> dict[str, Any]:
        """Takes a piece of a file; with the last one it is put in its place. Raises Stale, OSError, TrainDeskError."""
        _checked(name, [size, digest])
        if len(data) > CHUNK or offset + len(data) > size:
            raise TrainDeskError(f"The piece of '{name}' is longer than what was said of it; send it anew.")
        if name == LOG and not self.is_over:
            raise TrainDeskError(f"The log of run {self.run.id} is not replaced while it grows; send its lines.")
        with self._sending:
            self.check()
            if self._wanted.get(name) != digest:
                if name != LOG and self._has(name, size, digest):
                    return {"offset": size}
                raise TrainDeskError(f"'{name}' of run {self.run.id} was not asked for; offer it again.")
            self._arriving.mkdir(exist_ok=True)
            temporary = self._arriving / f"{digest}.tmp"
            with temporary.open("ab") as file:
                if file.tell() != offset:
                    return {"offset": file.tell()}
                file.write(data)
            if offset + len(data) < size:
                return {"offset": offset + len(data)}
            if digest_of_path(temporary, size) != digest:
                temporary.unlink()
                return {"offset": 0, "damaged": True}
            with self._guard, self._writing():
                target = self.run.folder / name
                target.parent.mkdir(exist_ok=True)
                os.replace(temporary, target)
                self._known[name] = _facts(target), digest
                del self._wanted[name]
                if name == LOG:
                    self._look_for_end()
        return {"offset": size}

    def check(self) -> None:
        """Raises Stale when someone else owns the run by now, OSError when that cannot be found out."""
        now = read_placement(self.run.folder)
        is_same = now is not None and (now.computer, now.generation) == (
            self.placement.computer,
            self.placement.generation,
        )
        if now is None or not is_same or now.settled:
            raise Stale
        self.placement = now

    @property
    def _state(self) -> Path:
        return self.run.folder / ".mirror"

    @property
    def _arriving(self) -> Path:
        return self.run.folder / ".arriving"

    def _held(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:  # a page that looks holds it for a moment
            return False
        return True

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """With the run's lock, so that no worker here writes beside us, and while the run is that computer's."""
        try:
            self._lock.acquire(timeout=1)
        except Timeout:
            raise TrainDeskError(f"Run {self.run.id} is held by another process here; it is tried again.") from None
        try:
            self.check()
            yield
        finally:
            self._lock.release()

    def _place(self, placement: Placement) -> None:
        with locked(self.run.folder.parent):
            self.check()
            write_placement(self.run.folder, placement)
            self.placement = placement

    def _settle(self) -> None:
        self._clear_requests()
        self.run.queue_place.unlink(missing_ok=True)
        self.run.starting_mark.unlink(missing_ok=True)
        self._place(replace(self.placement, settled=True, lost=0.0))
        self.let_go()
        self._state.unlink(missing_ok=True)
        shutil.rmtree(self._arriving, ignore_errors=True)

    def _clear_requests(self) -> None:
        for request in (self.run.stop_request, self.run.pause_request):
            request.unlink(missing_ok=True)

    def _note(self, taken: Taken) -> None:
        write_stored(self._state, taken, sync=False)
        self._taken = taken

    def _size(self) -> int:
        try:
            return self.run.event_log.stat().st_size
        except FileNotFoundError:
            return 0

    def _look_for_end(self) -> None:
        last = last_event(self.run.event_log) if self.has_begun else None
        self._has_ended = last is not None and last["event"] in ENDS

    def _learning_rate(self) -> list[Any] | None:
        with contextlib.suppress(OSError, ValueError), self.run.learning_rate_request.open() as file:
            return [os.fstat(file.fileno()).st_mtime_ns, float(file.read(100))]
        return None

    def _has(self, name: str, size: int, digest: str) -> bool:
        """Whether the very file is here."""
        path = self.run.folder / name
        try:
            facts = _facts(path)
            if facts[0] != size:
                return False
            if self._known.get(name, (None, ""))[0] != facts:
                self._known[name] = facts, digest_of_path(path, size)
        except OSError:
            return False
        return self._known[name][1] == digest

    def _arrived(self, digest: str) -> int:
        with contextlib.suppress(OSError):
            return (self._arriving / f"{digest}.tmp").stat().st_size
        return 0

    def _forget(self, files: dict[str, tuple[int, str]]) -> None:
        """Pieces of what is not wanted any more, and snapshots that are not kept there any more."""
        with contextlib.suppress(OSError):
            for piece in self._arriving.iterdir():
                if piece.stem not in self._wanted.values():
                    piece.unlink()
        if self.run.last.name in files:  # what it has is the whole run, not the beginning of one
            for snapshot in (self.run.folder / "looks").glob("*.npz"):
                if f"looks/{snapshot.name}" not in files:
                    snapshot.unlink(missing_ok=True)


def read_placement(folder: Path) -> Placement | None:
    """None where there is none, or no folder. Raises OSError: what cannot be read at this moment is not another one's yet."""
    try:
        return stored_as(Placement, parse_json((folder / "placement.json").read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _checked(name: Any, fact: Any) -> tuple[int, str]:
    """Bytes and SHA-256 of a file. Raises TrainDeskError for a name or a size that no run's file has."""
    most = most_bytes_from(name) if isinstance(name, str) else 0
    if not most:
        raise TrainDeskError(f"A run has no file '{str(name)[:80]}'; it is not taken.")
    if not (isinstance(fact, list | tuple) and len(fact) == 2 and type(fact[0]) is int and is_digest(fact[1])):
        raise TrainDeskError(f"What was said of '{name}' is no size and digest; it is not taken.")
    if not 0 <= fact[0] <= most:
        raise TrainDeskError(f"'{name}' has {fact[0]:,} bytes; at most {most:,} are taken.")
    return fact[0], fact[1]


def _facts(path: Path) -> tuple[int, int, int]:
    said = os.stat(path)
    return said.st_size, said.st_mtime_ns, said.st_ino
