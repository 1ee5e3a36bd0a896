"""How a session of training ends before its time: by an exception whose text says it in one sentence."""

from __future__ import annotations

from typing import NoReturn

from core.runs.requests import End, Requests
from core.runs.store import Run

GONE = "its folder was moved or deleted"


class StopRequested(Exception):
    """The user asked this run to stop."""


class PauseRequested(Exception):
    """The run pauses and can go on: the user asked for it, the computer shuts down or the disk is full."""


def end_session(run: Run, how: End, when: str, requests: Requests) -> NoReturn:
    """Ends the session by the exception that says how."""
    if how == "gone":
        raise StopRequested(f"Stopped {when} because {GONE}.")
    if how == "pause":
        why = "because its process was told to end" if requests.was_signalled else "by request"
        raise PauseRequested(f"Paused {why} {when}; it goes on from there when you resume it.")
    kept = "the best and the last state are kept" if run.best.is_file() else "the last state is kept"
    raise StopRequested(f"Stopped by request {when}" + (f"; {kept}." if run.last.is_file() else "."))
