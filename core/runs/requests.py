"""What people ask a run while it trains: files left in its folder, signals, and that the folder goes."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from typing import Literal

from core.files import read_bytes, remove_file
from core.runs.playback import Playback, playback_of
from core.runs.store import Run

End = Literal["stop", "pause", "gone"]  # the last: its folder was deleted, or moved elsewhere

POLL_SECONDS = 0.05  # between looks into the folder: a look at every step would cost a small network 1 %


class Requests:
    """Asked after every step: was a stop or a pause asked for, another learning rate or another speed?"""

    def __init__(self, run: Run):
        self._run = run
        self._next_look = 0.0
        self._end: End | None = None
        self._learning_rate: float | None = None
        self._playback: Playback | None = None
        self._signalled = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self._signalled.set())

    def end(self) -> End | None:
        """How the training should end, if it should. A signal, of a shutdown or Ctrl-C, is a pause: nothing is lost."""
        self._look()
        return self._end

    def learning_rate(self) -> float | None:
        """A learning rate that was asked for since the last time; what is not a number above 0 is passed over."""
        self._look()
        value, self._learning_rate = self._learning_rate, None
        return value

    def playback(self) -> Playback | None:
        """The speed that is asked for; None: that of the settings."""
        self._look()
        return self._playback

    @property
    def was_signalled(self) -> bool:
        """Whether a signal asked for the end, so that the process should end too."""
        return self._signalled.is_set()

    def folder_is_gone(self) -> bool:
        """Whether the run lies there no more, because someone moved or deleted it."""
        for file in (self._run.config_file, self._run.event_log):
            try:
                os.stat(file)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:  # a disk that is away for a moment
                pass
            return False
        return True

    def clear(self) -> None:
        """Removes the requests that were followed."""
        for path in (self._run.stop_request, self._run.pause_request):
            remove_file(path)

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look and not self._signalled.is_set():
            return
        self._next_look = now + POLL_SECONDS
        if self.folder_is_gone():
            self._end = "gone"
        elif self._run.stop_request.exists():
            self._end = "stop"
        elif self._signalled.is_set() or self._run.pause_request.exists():
            self._end = "pause"
        self._playback = playback_of(self._run)
        path = self._run.learning_rate_request
        if path.exists():
            with contextlib.suppress(OSError, ValueError):  # it counts once it can be removed: else with a later look
                said = read_bytes(path)
                remove_file(path)
                value = float(said)
                self._learning_rate = value if math.isfinite(value) and value > 0 else None
