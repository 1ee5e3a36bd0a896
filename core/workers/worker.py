"""The process of one run: joins data, training, checkpoints and the event log.

    python -m core.workers.worker RUN_FOLDER --data DATA_FOLDER

It is the only writer of its run folder. It needs nothing but the two folders. A run that has a checkpoint goes on from it.
When it ends and runs wait in the queue, it sees to it that someone serves them. Of a run on several devices it starts a process
for each (`core.workers.torchrun`), of which the first is the worker.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.files import remove_file
from core.machine.awake import awake
from core.machine.memory import OutOfMemory
from core.machine.processes import name_process
from core.machine.ranks import Ranks
from core.runs import events
from core.runs.assignment import assignment_of
from core.runs.events import Event, EventWriter, last_event
from core.runs.requests import Requests
from core.runs.store import Run
from core.workers.ending import GONE, PauseRequested, StopRequested
from core.workers.session import TrainingSession
from core.workers.short_memory import of_memory
from core.workers.torchrun import devices_of, take_part, train_in_ranks

SPARE_BYTES = 16_384  # of the disk that a run keeps for its last line
LOST_SECONDS = 1.0  # within which the end of another rank is seen
STOP_SECONDS = 2.0  # that a training has to follow a stop; then its process ends in the middle of its work


def main(arguments: list[str] | None = None) -> int:
    """Trains the run in a folder. Exit status 0 when it finished, paused or was stopped, 1 when it failed."""
    parser = argparse.ArgumentParser(prog="python -m core.workers.worker", description=main.__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    run, ranks = Run(options.run.resolve()), Ranks.from_environment()
    if ranks is not None and ranks.rank > 0:
        return take_part(run, options.data, ranks)
    with awake("A network is being trained."):
        if ranks is None and (devices := devices_of(run)) > 1:
            return train_in_ranks(run, options.data, devices)
        try:
            end = work(run, options.data, is_a_process=True, ranks=ranks)
        except TrainDeskError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            _keep_the_queue_served(run, options.data)
    return 1 if end["event"] == events.FAILED else 0


def work(
    run: Run,
    data_folder: Path,
    listen: Callable[[Event], None] = lambda event: None,
    is_a_process: bool = False,
    ranks: Ranks | None = None,
) -> Event:
    """Trains a run from its config or its last checkpoint to its end and returns the last event.

    Every event also goes to `listen`. Failures end as a `failed` event with one sentence; the traceback goes to standard
    error. `is_a_process` says that the process is there for this run alone: when a stop is asked for in a step that takes
    long, the process ends in the middle of it. `ranks` take part. Raises TrainDeskError only if another process is training
    this run or nothing can be written in its folder.
    """
    lock = _locked(run)
    try:
        if is_a_process and (end_of_other := _ended_meanwhile(run)):
            lock.release()
            return end_of_other
        log = _prepared(run)
    except OSError as error:
        lock.release()
        raise TrainDeskError(
            f"The log of run {run.id} cannot be written ({error.strerror}); free space or check the folder."
        ) from error

    def record(kind: str, **values: object) -> Event:
        event = log.write(kind, **values)
        listen(event)
        return event

    end, requests, over = _End(run, record), Requests(run), threading.Event()
    if is_a_process:
        threading.Thread(target=_insist_on_stop, args=(run, over, end), name="stop", daemon=True).start()
    if ranks is not None:
        ranks.watch(lambda sentence: _end_at_once(run, end, events.FAILED, sentence, **_with(ranks.remedy())))
    try:
        if log.has_events:
            record(events.RESUMING)
        remove_file(run.queue_place)  # in this order: killed in between, it would wait again
        remove_file(run.starting_mark)
        given = assignment_of(run.folder).given if is_a_process else []
        return end(events.FINISHED, TrainingSession(run, data_folder, record, requests, ranks, given).train())
    except Exception as error:  # whatever happens, the log says how the run ended
        kind, message, remedy = _how_it_ended(error, run, requests, ranks)
        return end(kind, message, **_with(remedy))
    finally:
        over.set()
        if ranks is not None:
            ranks.release()
        log.close()
        requests.clear()
        for passing in (run.worker_pid, run.spare):
            remove_file(passing)
        lock.release()


def _locked(run: Run) -> FileLock:
    """The lock of the run's worker, taken. Raises TrainDeskError if another process holds it."""
    lock = FileLock(run.worker_lock)
    try:
        lock.acquire(timeout=5)  # a page that looks whether we live holds it for a moment
    except Timeout:
        raise TrainDeskError(f"Run {run.id} is already being trained by another process.") from None
    return lock


def _prepared(run: Run) -> EventWriter:
    """The log of a folder that says who trains here and has nothing half written of a worker that was killed. Raises OSError."""
    run.worker_pid.touch()
    name_process(run.worker_pid, os.getpid())
    for kind in ("pt", "npz"):
        for left_over in run.folder.rglob(f".*.{kind}.*.tmp"):
            remove_file(left_over)
    with contextlib.suppress(OSError):
        run.spare.write_bytes(bytes(SPARE_BYTES))
    return EventWriter(run.event_log)


class _End:
    """Writes the end of a run, once: the thread that calls it first keeps all others waiting for good."""

    def __init__(self, run: Run, record: Callable[..., Event]):
        self._run, self._record, self._ending = run, record, threading.RLock()

    def __call__(self, kind: str, message: str, **more: object) -> Event:
        self._ending.acquire()
        try:
            return self._record(kind, message=message, **more)
        except OSError:  # the disk is full for the log too
            with contextlib.suppress(OSError):
                remove_file(self._run.spare)
        try:
            return self._record(kind, message=message, **more)
        except OSError as error:  # the free lock will say that the run is interrupted
            print(f"{message} ({error})", file=sys.stderr)
            return {"event": kind, "time": time.time(), "message": message}


def _how_it_ended(
    error: Exception, run: Run, requests: Requests, ranks: Ranks | None
) -> tuple[str, str, dict[str, Any]]:
    """What an exception out of a training means: the kind of the last event, its sentence and what may help."""
    if isinstance(error, PauseRequested):
        # torchrun ends those that are left by a signal
        if requests.was_signalled and ranks is not None and (lost := ranks.lost()):
            return events.FAILED, lost, ranks.remedy()
        return events.PAUSED, str(error), {}
    if isinstance(error, StopRequested):
        return events.STOPPED, str(error), {}
    if requests.folder_is_gone():
        return events.STOPPED, f"Stopped because {GONE}.", {}
    if _is_disk_full(error):
        return events.PAUSED, _disk_full(run), {}
    if not isinstance(error, TrainDeskError):
        traceback.print_exception(error)
    if ranks is not None and (lost := ranks.lost(wait=LOST_SECONDS)):  # that is why nothing could be computed
        return events.FAILED, lost, ranks.remedy()
    return events.FAILED, in_a_sentence(error, run), remedy_of(error, run)


def _with(remedy: dict[str, Any]) -> dict[str, Any]:
    return {"remedy": remedy} if remedy else {}


def _insist_on_stop(run: Run, over: threading.Event, end: Callable[..., Event]) -> None:
    """Ends the process when a stop is asked for and the training does not come to the end of its step."""
    while not over.wait(0.1):
        if run.stop_request.exists():
            if over.wait(STOP_SECONDS):
                return
            kept = "what was saved last is kept" if run.checkpoint() else "nothing had been saved yet"
            _end_at_once(run, end, events.STOPPED, f"Stopped by request in the middle of its work; {kept}.")


def _end_at_once(run: Run, end: Callable[..., Event], kind: str, message: str, **more: object) -> None:
    """Writes the end and ends the process in the middle of what it does."""
    end(kind, message, **more)
    for passing in (run.stop_request, run.worker_pid, run.spare):
        remove_file(passing)
    os._exit(0)


def _ended_meanwhile(run: Run) -> Event | None:
    """The end that another worker brought the run to since this process began, if nobody asked to go on from there."""
    last = last_event(run.event_log)
    asked = run.queue_place.exists() or run.starting_mark.exists()
    if asked or last is None or last["event"] not in events.ENDS or last["time"] < psutil.Process().create_time():
        return None
    return last


def _keep_the_queue_served(run: Run, data_folder: Path) -> None:
    """Starts a supervisor if runs wait and the one that served them was killed."""
    from core.workers.dispatch import ensure_supervisor

    with contextlib.suppress(TrainDeskError):
        ensure_supervisor(run.folder.parent, data_folder)


def _is_disk_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _disk_full(run: Run) -> str:
    kept = "the last checkpoint is intact" if run.last.is_file() else "there was no checkpoint yet"
    return f"Paused because the disk is full and nothing more could be saved; {kept}: free some space and resume."


def remedy_of(error: Exception, run: Run) -> dict[str, Any]:
    """Values at paths of the run's config with which what failed may go; none where that is not known."""
    short = of_memory(error, run)
    return short.remedy if isinstance(short, OutOfMemory) else {}


def in_a_sentence(error: Exception, run: Run) -> str:
    """Why a training failed, for people."""
    error = of_memory(error, run)
    if isinstance(error, TrainDeskError):
        return str(error)
    first_line = next(iter(str(error).strip().splitlines()), "")[:200]
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        return (
            "torch.compile could not build this network here (it needs a C++ compiler or Triton); switch 'Compile' off."
        )
    if "does not have a deterministic implementation" in first_line:
        return (
            f"This network uses {first_line.split()[0]}, which a GPU cannot compute repeatably; switch 'Repeatable' off or "
            "choose the CPU."
        )
    if isinstance(error, OSError) and error.strerror:
        return (
            f"A file could not be read or written ({error.strerror}: {error.filename}); free space or check the folder."
        )
    return f"An unexpected error ended the training ({type(error).__name__}: {first_line}); the worker's log has the details."


if __name__ == "__main__":
    sys.exit(main())
