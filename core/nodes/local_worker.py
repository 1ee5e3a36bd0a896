"""The worker of a run on this computer, as who tends the run sees it: whether it is there, its end, a last word in its place."""

from __future__ import annotations

import contextlib
import time

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.files import remove_file
from core.machine.processes import end_process, living_pid
from core.runs.events import ENDS, EventWriter, last_event
from core.runs.store import Run

STOP_SECONDS = 3.0  # that a worker has to follow a stop; then its process is ended
LOOK_SECONDS = 0.05


def worker_is_there(run: Run) -> bool:
    """Whether a worker trains the run, or was started and is on its way, whatever the disk's clock says of when.

    The mark of its start is looked at first: the worker removes it when it holds the run's lock.
    """
    return run.is_on_its_way() or living_pid(run.starting_mark) is not None or run.worker_is_alive()


def has_ended(run: Run) -> bool:
    """Whether the run's log ends with an end."""
    last = last_event(run.event_log)
    return last is not None and last["event"] in ENDS


def stop_worker(run: Run) -> None:
    """Has the worker end, at the latest in 3 seconds, and waits for it."""
    with contextlib.suppress(OSError):
        run.request_stop()
    end = time.monotonic() + STOP_SECONDS
    while worker_is_there(run):
        if time.monotonic() > end:
            kill_worker(run)
        time.sleep(LOOK_SECONDS)


def kill_worker(run: Run) -> None:
    """Ends its process in the middle of its work."""
    for mark in (run.worker_pid, run.starting_mark):
        end_process(mark)


def say_end(run: Run, kind: str, message: str, is_new: bool) -> None:
    """Writes the last line of a run whose worker cannot: with `is_new` whatever it ends with, else only where that is no end.

    Raises OSError, and TrainDeskError while a process holds the run.
    """
    try:
        with FileLock(run.worker_lock).acquire(timeout=1):
            if is_new or not has_ended(run):
                log = EventWriter(run.event_log)
                try:
                    log.write(kind, message=message)
                finally:
                    log.close()
            for passing in (run.stop_request, run.pause_request, run.worker_pid, run.spare, run.starting_mark):
                remove_file(passing)
    except Timeout:
        raise TrainDeskError(f"The process of run {run.id} cannot be ended; end it by hand.") from None
