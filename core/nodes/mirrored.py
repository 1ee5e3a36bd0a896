"""A run that another computer trains, as the desk keeps it: its log a byte prefix of the one there, its files whole or not there.

While it trains and its computer is in touch, the run's lock is held here, so that every page and every worker sees it as taken.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.files import read_bytes, remove_file
from core.machine.processes import name_process
from core.nodes.incoming import Incoming, checked_file, checked_files
from core.nodes.messages import LOG, most_bytes_from
from core.nodes.outgoing import digest_of_path
from core.nodes.ownership import NotYours, check_owner, owner_of, read_placement
from core.nodes.parcels import Parcel, needs
from core.nodes.requests import clear_requests, requests_in
from core.nodes.shelf import Shelf
from core.runs.events import ENDS, FAILED, EventWriter, event_in, last_event
from core.runs.placement import Placement, write_placement
from core.runs.queue import locked
from core.runs.store import Run
from core.settings.stored import read_stored, write_stored

MARK_SECONDS = 5.0  # between two times that the mark of a start is made young


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
        self._log_digest = ""  # of the first `base` bytes
        self._is_getting_ready = False
        self._lock = FileLock(run.worker_lock, thread_local=False)
        self._guard = threading.RLock()
        self._sending = threading.Lock()
        self._taken = read_stored(Taken, self._state)
        self._incoming = Incoming(run)
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
            remove_file(self.run.queue_place)
            if self.has_begun:
                remove_file(self.run.starting_mark)
            elif time.monotonic() - self._marked > MARK_SECONDS:
                self.run.starting_mark.touch()
                name_process(self.run.starting_mark, os.getpid())
                self._marked = time.monotonic()

    def let_go(self) -> None:
        """Of the lock."""
        with self._guard:
            self._lock.release(force=True)

    def lose(self, when: float) -> None:
        """Notes when its computer was last heard of (Unix seconds); 0: it is back. Raises NotYours, OSError, TrainDeskError."""
        with self._guard:
            self._place(replace(self.placement, lost=when))
            if when:
                remove_file(self.run.starting_mark)
            self._marked = 0.0
            self.keep()

    def get_ready(self, data_folder: Path, shelf: Shelf) -> None:
        """Finds out what its computer needs, and lays it out to be fetched: in a thread, since that may take minutes."""
        if self.is_taken and not self.has_begun and self.parcels is None and not self._is_getting_ready:
            self._is_getting_ready = True
            threading.Thread(target=self._find_needs, args=(data_folder, shelf), name=self.run.id, daemon=True).start()

    def _find_needs(self, data_folder: Path, shelf: Shelf) -> None:
        try:
            parcels = needs(self.run, data_folder)
            self._log_digest = digest_of_path(self.run.event_log, self.base) if self.base else ""
            shelf.offer(self.run.id, parcels)
            self.parcels = parcels
        except TrainDeskError as error:
            with contextlib.suppress(NotYours, OSError, TrainDeskError):  # then it is tried again
                self._fail(str(error))
        except OSError:
            time.sleep(MARK_SECONDS)
        finally:
            self._is_getting_ready = False

    def _fail(self, message: str) -> None:
        """Ends a run that its computer was not told of yet. Raises NotYours, OSError, TrainDeskError."""
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
            "config": "" if begun else read_bytes(self.run.config_file).decode(),
            "log": [self.base, self._log_digest],
            "parcels": [] if begun else [parcel.to_dict() for parcel in self.parcels or ()],
            "requests": requests_in(self.run),
        }

    def deliver(self, offset: int, data: bytes) -> dict[str, Any]:
        """Appends what is new of these bytes of the log: how many there are now. Raises NotYours, OSError, TrainDeskError."""
        with self._guard:
            self.check()
            size = self._size()
            new = data[size - offset :] if 0 <= size - offset < len(data) else b""
            if not new:
                return {"size": size}
            if size + len(new) > most_bytes_from(LOG):
                raise TrainDeskError(f"The log of run {self.run.id} is too long to be kept here; stop the run.")
            with self._writing():
                written = append(self.run.event_log, new)
                if written == len(new) and new.endswith(b"\n"):
                    last = event_in(new.rstrip(b"\n").rpartition(b"\n")[2])
                    self._has_ended = last is not None and last["event"] in ENDS
                else:
                    self._look_for_end()
            remove_file(self.run.starting_mark)
            if self._has_ended:
                clear_requests(self.run)
                self.let_go()
            if written < len(new):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.run.event_log))
            return {"size": size + written}

    def offer(self, files: dict[str, Any], over: Any) -> dict[str, Any]:
        """Which of its files are wanted, and from which byte on; and whether all is here.

        `over`: bytes of the log there and its SHA-256, once its worker is gone. Raises NotYours, OSError, TrainDeskError.
        """
        facts = checked_files(files)
        with self._sending:
            self.check()
            wanted = self._incoming.offered(facts)
            if over is None:
                if self._taken.is_over:  # it was thought to be gone
                    self._note(replace(self._taken, is_over=False))
                return {"wanted": wanted, "settled": False}
            size, digest = checked_file(LOG, over)
            with self._guard:
                if not self._taken.is_over:
                    self._note(replace(self._taken, is_over=True))
                    self.keep()
                here = self._size()
                if here >= size and digest_of_path(self.run.event_log, size) != digest:
                    wanted[LOG] = self._incoming.want(LOG, digest)
                if wanted or here < size:
                    return {"wanted": wanted, "settled": False}
                self._settle()
        return {"wanted": {}, "settled": True}

    def put(self, name: str, digest: str, size: int, offset: int, data: bytes) -> dict[str, Any]:
        """Takes a piece of a file; with the last one it is put in its place. Raises NotYours, OSError, TrainDeskError."""
        checked_file(name, [size, digest])
        if name == LOG and not self.is_over:
            raise TrainDeskError(f"The log of run {self.run.id} is not replaced while it grows; send its lines.")
        with self._sending:
            self.check()
            said = self._incoming.take(name, digest, size, offset, data)
            if said["offset"] == size and "damaged" not in said:
                with self._guard, self._writing():
                    if name == LOG:
                        self._check_past(digest)
                    self._incoming.place(name, digest)
                    self._look_for_end()
        return said

    def _check_past(self, digest: str) -> None:
        """What the log said before a computer was given the run is not that computer's to change. Raises TrainDeskError."""
        new, old = (digest_of_path(path, self.base) for path in (self._incoming.piece(digest), self.run.event_log))
        if new != old:
            raise TrainDeskError(f"The log of run {self.run.id} begins otherwise here; resume the run here.")

    def check(self) -> None:
        """Raises NotYours when someone else owns the run by now, OSError when that cannot be found out."""
        now = read_placement(self.run.folder)
        check_owner(*owner_of(self.placement), now)
        assert now is not None, "it has an owner"
        self.placement = now

    @property
    def _state(self) -> Path:
        return self.run.folder / ".mirror"

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
        clear_requests(self.run)
        remove_file(self.run.queue_place)
        remove_file(self.run.starting_mark)
        self._place(replace(self.placement, settled=True, lost=0.0))
        self.let_go()
        remove_file(self._state)
        self._incoming.clear()

    def _note(self, taken: Taken) -> None:
        write_stored(self._state, taken, sync=False)
        self._taken = taken

    def _size(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return self.run.event_log.stat().st_size
        return 0

    def _look_for_end(self) -> None:
        last = last_event(self.run.event_log) if self.has_begun else None
        self._has_ended = last is not None and last["event"] in ENDS


def append(path: Path, data: bytes) -> int:
    """How many of the bytes found room. Raises OSError when none did."""
    with path.open("ab", buffering=0) as file:
        return file.write(data)
