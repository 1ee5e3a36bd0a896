"""What people ask of a run, on its way from its folder at the desk to its folder on the computer that trains it."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from core.experiments.pruning import tell_others
from core.files import opened, remove_file, replace_file
from core.runs.playback import Playback, ask_for_playback, playback_of
from core.runs.store import Run


def requests_in(run: Run) -> dict[str, Any]:
    """What is asked of a run now. A learning rate comes with a serial, by which it is known that it was passed on."""
    playback = playback_of(run)
    return {
        "stop": run.has(Run.stop_request),
        "pause": run.has(Run.pause_request),
        "learning_rate": _learning_rate(run),
        "playback": {"epoch_seconds": playback.epoch_seconds, "until": playback.until} if playback else None,
    }


def forget_learning_rate(run: Run, serial: int) -> None:
    """The learning rate of that serial was passed on. One that was asked for meanwhile stays."""
    path, taken = run.learning_rate_request, run.folder / ".learning_rate"
    with contextlib.suppress(OSError):
        if os.stat(path).st_mtime_ns == serial:
            replace_file(path, taken)
            if os.stat(taken).st_mtime_ns != serial:  # another one was asked for at this moment
                os.link(taken, path)
            remove_file(taken)


def place_requests(run: Run, requests: dict[str, Any], placed: int) -> int:
    """Leaves them in the folder of its worker. `placed` is the serial of the learning rate that was left there last; the one that
    is now. Raises OSError."""
    if requests.get("stop"):
        run.stop_request.touch()
    if requests.get("pause"):
        run.pause_request.touch()
    said = requests.get("playback")
    playback = Playback(said["epoch_seconds"], said["until"]) if said else None
    if playback != playback_of(run):
        ask_for_playback(run, playback) if playback else remove_file(run.playback_request)
    if (others := requests.get("others")) is not None:
        tell_others(run, others)
    serial, rate = requests.get("learning_rate") or (0, 0.0)
    if serial and serial != placed:
        run.request_learning_rate(rate)
        return serial
    return placed


def clear_requests(run: Run) -> None:
    """Removes those for an end, once it has come. Raises OSError."""
    for request in (run.stop_request, run.pause_request):
        remove_file(request)


def _learning_rate(run: Run) -> list[Any] | None:
    with contextlib.suppress(OSError, ValueError), opened(run.learning_rate_request) as file:
        return [os.fstat(file.fileno()).st_mtime_ns, float(file.read(100))]
    return None
