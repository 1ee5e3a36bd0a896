"""A run that this computer trains for the desk: started, its log and its files sent as they grow, ended when asked to.

Its folder holds `tended.json`, so that whoever tends it after a restart goes on. Two threads tend a run: one follows the worker
and sends lines within a moment, the other sends files, which may take long.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.files import remedy
from core.nodes.beginning import EndAsked, get_ready, goes_on
from core.nodes.local_worker import STOP_SECONDS, has_ended, kill_worker, say_end, stop_worker, worker_is_there
from core.nodes.messages import LOG, LOG_CHUNK, Away, DeskLink, Refused, asked
from core.nodes.outgoing import Outgoing, digest_of_path
from core.nodes.requests import place_requests
from core.nodes.tended_note import keep_note, tended_in
from core.runs.events import FAILED, FINISHED, PAUSED, STOPPED, complete_lines, event_in
from core.runs.store import Run
from core.workers.giving import place_given
from core.workers.launch import launch

POLL_SECONDS = 0.1  # between two looks at the log
FILES_SECONDS = 1.0  # between two looks at the files
RETRY_SECONDS = 1.0  # until what failed is tried again


class Over(Exception):
    """The run is tended no more: it is not ours, or all of it is at the desk, or this program ends."""


class TendedRun:
    """One run in one generation."""

    def __init__(
        self, run: Run, data_folder: Path, link: DeskLink, generation: int, order: dict[str, Any] | None = None
    ):
        """`order` is what the desk said of it; None after a restart, until it says it again."""
        self.run, self.generation = run, generation
        self.is_stale = False  # another computer has it, or nobody any more
        self._data_folder, self._link, self._order = data_folder, link, order
        self._note = tended_in(run.folder)
        self._sent: int | None = None  # bytes of the log that the desk has; None: not known
        self._outgoing = Outgoing(run)
        self._is_over = False  # its worker is gone
        self._may_finish = False  # all files are there: the line that says that it is finished may follow
        self._stop_asked = 0.0  # of the monotonic clock
        self._problems: dict[str, str] = {}
        self._ending = threading.Event()
        self._guard = threading.RLock()
        parts = ((self._follow_worker, POLL_SECONDS), (self._send_files, FILES_SECONDS))
        self._threads = [threading.Thread(target=self._tend, args=part, name=run.id, daemon=True) for part in parts]

    @property
    def problem(self) -> str:
        """One sentence; empty when all goes well."""
        return next(filter(None, self._problems.values()), "")

    @property
    def placed(self) -> int:
        """Serial of the last learning rate that was asked of the worker."""
        return self._note.placed

    @property
    def is_settled(self) -> bool:
        """Whether the desk has all of it."""
        return self._note.settled and self._note.generation == self.generation

    @property
    def is_active(self) -> bool:
        """Whether it takes a place on this computer: its worker lives, or is to be started."""
        return not self._is_begun or worker_is_there(self.run)

    def start(self) -> None:
        """Tends it from now on."""
        for thread in self._threads:
            thread.start()

    def end(self, patience: float | None = None) -> None:
        """Tends it no more; the worker trains on. `patience`: seconds to wait for what is under way, None: till it is done."""
        self._ending.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(patience)

    def follow(self, order: dict[str, Any]) -> None:
        """Takes what the desk says of it now. Raises OSError."""
        with self._guard:
            self._order = order
            if self._is_begun and worker_is_there(self.run):
                self._place_requests(order["requests"])

    @property
    def _is_begun(self) -> bool:
        return self._note.generation == self.generation and self._note.launched

    def _tend(self, part: Callable[[], None], pause: float) -> None:
        """Does its part again and again, whatever fails."""
        while not self._ending.is_set():
            try:
                part()
                self._problems.pop(part.__name__, None)
                self._ending.wait(pause if not self._is_over else POLL_SECONDS)
            except Over:
                self._ending.set()
            except Away as away:
                self._problems[part.__name__] = str(away) if isinstance(away, Refused) else ""
                self._ending.wait(RETRY_SECONDS)
            except (OSError, TrainDeskError) as error:
                self._problems[part.__name__] = in_words(error)
                self._ending.wait(RETRY_SECONDS)

    # The worker and its log.

    def _follow_worker(self) -> None:
        if not self._is_begun and not self._begin():
            return
        is_over = not worker_is_there(self.run)  # looked at before the log is read
        if self._stop_asked and not is_over and time.monotonic() - self._stop_asked > STOP_SECONDS:
            kill_worker(self.run)
            self._say_end(STOPPED, "Stopped by request; its process did not follow and was ended.")
        self._deliver()
        self._is_over = is_over

    def _begin(self) -> bool:
        """Starts the worker, or writes why it is not. False while the desk has not said enough."""
        with self._guard:
            order = self._order
        if order is None:
            if self._note.generation == self.generation and worker_is_there(self.run):  # we died before this was noted
                self._keep(launched=True)
            return self._is_begun
        if worker_is_there(self.run):
            self._take_over(order)
            return self._is_begun
        if order["begun"]:  # it was here, and is not any more: what the desk has is all that is left
            self.run.folder.mkdir(parents=True, exist_ok=True)
            self._keep(launched=True)
            return True
        try:
            get_ready(self.run, self._data_folder, order, self._fetch, self._check_asked)
            with self._guard:
                with place_given(self.run):
                    launch(self.run, self._data_folder)
                self._keep(launched=True)
                self._place_requests(self._order["requests"] if self._order else {})
        except EndAsked as asked:
            stop = asked.how == "stop"
            kind, verb = (STOPPED, "Stopped") if stop else (PAUSED, "Paused")
            self._say_end(kind, f"{verb} by request before it began.")
        except TrainDeskError as error:
            self._say_end(FAILED, str(error))
        return self._is_begun

    def _take_over(self, order: dict[str, Any]) -> None:
        """A worker trains in the folder: one that was started just before we died, of an earlier generation, or of a run that
        someone else has trained since."""
        if self._note.generation == self.generation:
            self._keep(launched=True)
        elif goes_on(self.run, *order["log"]):
            if not has_ended(self.run):
                self._keep(launched=True)
        else:
            stop_worker(self.run)

    def _check_asked(self) -> None:
        """Raises EndAsked, Over."""
        if self._ending.is_set():
            raise Over
        requests = self._order["requests"] if self._order else {}
        if requests.get("stop"):
            raise EndAsked("stop")
        if requests.get("pause"):
            raise EndAsked("pause")

    def _place_requests(self, requests: dict[str, Any]) -> None:
        """Raises OSError."""
        if requests.get("stop"):
            self._stop_asked = self._stop_asked or time.monotonic()
        placed = place_requests(self.run, requests, self._note.placed)
        if placed != self._note.placed:
            self._keep(placed=placed)

    def _say_end(self, kind: str, message: str) -> None:
        say_end(self.run, kind, message, is_new=not self._is_begun)
        self._keep(launched=True)

    def _deliver(self) -> None:
        """Sends the lines that the desk has not. Raises Away, Over, OSError."""
        if self._sent is None:
            self._sent = self._call("deliver", offset=0, data=b"")["size"]
        while data := self._new_lines(LOG_CHUNK):
            self._sent = self._call("deliver", offset=self._sent, data=data)["size"]

    def _new_lines(self, most: int = -1) -> bytes:
        """Complete lines that the desk has not, without the one that says that the run is finished while files are missing."""
        data = complete_lines(self.run.event_log, self._sent or 0, most)
        if self._may_finish or not data:
            return data
        line = data[data.rfind(b"\n", 0, -1) + 1 :]
        last = event_in(line)
        return data[: -len(line)] if last and last["event"] == FINISHED else data

    # Its files.

    def _send_files(self) -> None:
        is_over = self._is_over
        if not self._is_begun or not (is_over or self._outgoing.has_changed()):
            return
        try:
            files = self._outgoing.look()
            self._wait_for_lines()
            end = self._end_of_log() if is_over else None
            said = self._call("offer", files={name: list(fact) for name, fact in files.items()}, over=end)
            if said["settled"]:
                self._note_settled()
            if self._outgoing.send(said["wanted"], files | ({LOG: tuple(end)} if end else {}), self._call):
                self._may_finish = is_over  # the last line follows, and then that this is all
        except BaseException:
            self._outgoing.look_again()
            raise
        finally:
            self._outgoing.close()

    def _wait_for_lines(self) -> None:
        """A network never arrives before the lines that tell of it."""
        while self._sent is None or self._new_lines():
            if self._ending.wait(POLL_SECONDS / 2):
                raise Over

    def _end_of_log(self) -> list[Any] | None:
        """Bytes and SHA-256 of the whole log; None while its last line waits for files."""
        size = len(complete_lines(self.run.event_log))
        if size > (self._sent or 0) and not self._may_finish:
            return None
        return [size, digest_of_path(self.run.event_log, size) if size else hashlib.sha256().hexdigest()]

    def _note_settled(self) -> None:
        """Raises Over."""
        with self._guard:
            self._note = replace(self._note, settled=True)
            with contextlib.suppress(FileNotFoundError):  # someone removed the folder
                keep_note(self.run.folder, self._note)
        raise Over

    def _keep(self, **changes: Any) -> None:
        with self._guard:
            note = replace(tended_in(self.run.folder), generation=self.generation, **changes)
            keep_note(self.run.folder, note)
            self._note = note

    def _fetch(self, digest: str, offset: int, length: int) -> bytes:
        self._check_asked()
        return asked(self._link, "fetch", digest=digest, offset=offset, length=length)["data"]

    def _call(self, method: str, **values: Any) -> dict[str, Any]:
        """What the desk says of this run. Raises Away, Over."""
        if self._ending.is_set():
            raise Over
        said = asked(self._link, method, run=self.run.id, generation=self.generation, **values)
        if said.get("stale") or said.get("newer"):
            self.is_stale = "stale" in said
            raise Over
        if said.get("settled") is True and "wanted" not in said:
            self._note_settled()
        return said


def in_words(error: Exception) -> str:
    """One sentence."""
    if isinstance(error, OSError):
        return (
            f"A file could not be read or written ({error.strerror or error}: {error.filename}); {remedy(error)} there."
        )
    return str(error)
