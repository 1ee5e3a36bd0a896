"""Starting a run's worker as a process of its own, which outlives the page, the browser and the dashboard.

A fresh process needs seconds until its first step, most of them to import torch. So one is kept waiting with all of that
done (`prepare`), and the next run is given to it. Without one, or when it has died, a run starts in a fresh process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import threading
from pathlib import Path

from core.errors import TrainDeskError
from core.files import remove_file
from core.machine.cores import usable_cores
from core.machine.environment import worker_environment
from core.machine.memory import kills, was_killed_for_memory
from core.machine.processes import name_process, start_detached
from core.runs.store import Run
from core.workers.short_memory import note_killed
from core.workers.standby_handle import Standby
from core.workers.torchrun import devices_of

FIRST_DELAY = 1.0  # seconds that `prepare` leaves to the page that asks: getting ready keeps a core busy for 3 seconds
NEXT_DELAY = 10.0  # seconds after a start until the next worker gets ready, which the run that began would feel
NEXT_DELAY_WITH_CORES = 3.0  # the same where at least 4 cores are
RETRY_DELAY = 300.0  # seconds after one died before it was ready: whatever it was, the next would die of it too

_lock = threading.RLock()  # pages are threads: guards what follows
_standby: Standby | None = None
_timer: threading.Timer | None = None  # will start the next standby


def launch(run: Run, data_folder: Path) -> None:
    """Gives the run to the waiting worker, or starts `python -m core.workers.worker` for it, and returns at once.

    Either is detached from this process. Until the worker says its first word a mark in the folder makes the run's status
    `starting`. Raises TrainDeskError if it cannot be started.
    """
    global _standby
    try:
        remove_file(run.starting_mark)  # an old one: that the folder changed shows that something happens
        run.starting_mark.touch()
    except OSError as error:
        raise TrainDeskError(
            f"Run {run.id} cannot be started ({error.strerror}: {error.filename}); free space or check the folder."
        ) from error
    if devices_of(run) > 1:  # its worker starts processes of its own
        _start_fresh(run, data_folder)
        return
    with _lock:
        _let_go()
        standby, _standby = _standby, None  # nobody else can have it now
        if standby is not None or _timer is not None:  # someone asked for waiting workers
            _schedule(NEXT_DELAY if usable_cores() < 4 else NEXT_DELAY_WITH_CORES)
    if standby is not None:
        _name(run, standby.process)
    if standby is None or not standby.order(run, data_folder):
        _start_fresh(run, data_folder)


def prepare(delay: float = FIRST_DELAY) -> None:
    """Sees to it that a worker waits, in `delay` seconds, unless one does or is on the way. Cheap: pages call it always.

    TRAINDESK_STANDBY=0 switches waiting workers off.
    """
    with _lock:
        _let_go()
        if _standby is None and _timer is None and os.environ.get("TRAINDESK_STANDBY") != "0":
            _schedule(delay)


def standby_is_ready() -> bool:
    """Whether a worker waits with everything imported."""
    with _lock:
        return _standby is not None and _standby.is_ready


@atexit.register
def end_standby() -> None:
    """Ends the waiting worker, as the end of this process does; when it is killed, the worker's input ends, and so does it."""
    global _standby, _timer
    with _lock:
        if _timer is not None:
            _timer.cancel()
        standby, _standby, _timer = _standby, None, None
    if standby is not None:
        standby.end()


def _let_go() -> None:
    """Of a waiting worker that died or does not get ready."""
    global _standby
    if _standby is not None and (_standby.has_ended() or _standby.is_stuck()):
        was_ready, standby, _standby = _standby.is_ready, _standby, None
        standby.end()
        if not was_ready:
            _schedule(RETRY_DELAY)


def _schedule(delay: float) -> None:
    global _timer
    if _timer is not None:
        _timer.cancel()
    _timer = threading.Timer(delay, _start_standby)
    _timer.daemon = True
    _timer.start()


def _start_standby() -> None:
    global _standby, _timer
    with _lock:
        if threading.current_thread() is not _timer:  # another was scheduled in the meantime
            return
        _timer = None
        if _standby is None:
            with contextlib.suppress(OSError):  # then runs start in fresh processes, or say why they cannot
                _standby = Standby(
                    start_detached(
                        ["core.workers.standby"],
                        env=worker_environment(),
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                    ),
                    _start_fresh,
                )


def _start_fresh(run: Run, data_folder: Path) -> None:
    try:
        command = ["core.workers.worker", str(run.folder), "--data", str(data_folder)]
        child = start_detached(command, env=worker_environment(), log=run.worker_log)
    except OSError as error:
        remove_file(run.starting_mark)
        raise TrainDeskError(f"The training process could not be started ({error.strerror or error}).") from error
    _name(run, child)


def _name(run: Run, process: subprocess.Popen) -> None:
    """Writes into the mark which process is to come, so that its death is seen at once, and waits for its end."""
    with contextlib.suppress(OSError):
        name_process(run.starting_mark, process.pid)
    threading.Thread(target=_see_end, args=(run, process, kills()), name=f"end of {run.id}", daemon=True).start()


def _see_end(run: Run, process: subprocess.Popen, kills_before: int) -> None:
    """Says in the log why the process has ended, where it could not do so itself."""
    if was_killed_for_memory(process.wait(), kills_before):
        note_killed(run)
