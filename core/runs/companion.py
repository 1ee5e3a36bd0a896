"""Two runs that learn in step, so that people can watch them side by side: whichever is ahead waits between two steps.

A run's folder names its companion in the file `companion`; how far each is lies in its `progress`. Nothing of what is computed
depends on it. A run waits only for one that a process works on: when the other one ends, dies, is paused, or stands still for a
minute, this one goes on alone.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable

from core.files import read_bytes, write_atomically
from core.runs.store import Run, run_at

AHEAD = 0.03  # share of a whole training that one may be ahead
LOOK_SECONDS = 0.02  # between two looks while it waits
ALIVE_SECONDS = 0.5  # between two looks at whether the other one still trains, which opens its lock
PATIENCE = 60.0  # seconds without any progress of the other one; a worker that starts on a crowded computer takes ten


def learn_in_step(run: Run, other: Run) -> None:
    """Has a run wait for this other one where it is ahead; the other one is told the same of it. Raises OSError."""
    write_atomically(run.folder / "companion", other.id.encode())


def companion_of(run: Run) -> Run | None:
    """The run that this one learns in step with, if there is one."""
    with contextlib.suppress(OSError, ValueError):
        name = read_bytes(run.folder / "companion").decode().strip()
        other = run_at(run.folder.parent, name)
        if "/" not in name and other.folder != run.folder and other.is_here():
            return other
    return None


class InStep:
    """The worker's side: says how far its run is, and waits while the companion is behind."""

    def __init__(self, run: Run):
        self._other = companion_of(run)
        self._file = run.folder / "progress"
        self._said = -1.0
        self._known = 0.0  # share of its training that the other one has done
        self._alone_until = 0.0  # of the monotonic clock

    def wait(self, share: float, is_over: Callable[[], bool]) -> None:
        """Called after a step: `share` of the training is done. Returns when it may go on, or when `is_over` says so."""
        if self._other is None:
            return
        if share - self._said >= AHEAD / 10 or share >= 1:
            self._say(share)
        since, look_at = time.monotonic(), 0.0
        while share > self._known + AHEAD and (now := time.monotonic()) >= self._alone_until and not is_over():
            if (known := self._read(self._other)) != self._known:
                self._known, since = known, now
                continue
            if now >= look_at:
                look_at = now + ALIVE_SECONDS
                if not self._other.status().is_active:
                    self._alone_until = look_at  # it may begin or go on later
                    return
            if now - since > PATIENCE:
                self._alone_until = math.inf
            time.sleep(LOOK_SECONDS)

    def _say(self, share: float) -> None:
        with contextlib.suppress(OSError):  # then the other one goes on alone in a minute
            write_atomically(self._file, repr(share).encode(), sync=False)
            self._said = share

    def _read(self, other: Run) -> float:
        with contextlib.suppress(OSError, ValueError):
            return float(read_bytes(other.folder / "progress"))
        return self._known
