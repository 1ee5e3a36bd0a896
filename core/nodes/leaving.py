"""A computer that leaves its desk for good: it takes no new runs, pauses those it trains, and goes when all of them are there.

Whoever wants that leaves a file in its runs folder; the agent follows. A job of a cluster leaves before its time ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import write_atomically
from core.machine.posix import tell_to_end
from core.machine.processes import living_pid
from core.nodes.tended_note import NAME as NOTE
from core.nodes.tended_note import tended_in
from core.runs.events import ENDS, last_event
from core.runs.store import Run
from core.runs.workspace import NAME, workspace_folder

if TYPE_CHECKING:
    from core.nodes.link import DeskLink

LOOK_SECONDS = 0.5  # between two looks whether someone wants it to leave, and how far that is
QUIET_SECONDS = (
    3.0  # without a run after which none is on its way any more: the desk knows by then that it takes no new ones
)
_FILE = "leave"


def ask_to_leave(runs_folder: Path, why: str) -> None:
    """Has the computer of this runs folder leave; `why` is a sentence for the desk's people. Raises OSError, TrainDeskError."""
    write_atomically(workspace_folder(runs_folder) / _FILE, why.encode())


def why_it_leaves(runs_folder: Path) -> str:
    """The sentence; empty while nobody wants it to leave. Never raises."""
    with contextlib.suppress(OSError, ValueError):
        return (runs_folder / NAME / _FILE).read_text("utf-8")
    return ""


async def leave(link: DeskLink, runs_folder: Path) -> None:
    """Waits until someone wants it to leave; then pauses what it trains, brings it to the desk and has itself taken out there."""
    while not why_it_leaves(runs_folder):
        await asyncio.sleep(LOOK_SECONDS)
    busy = time.monotonic()
    while link.refusal is None:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(OSError):  # a connection, a file: it is tried again
            if not await asyncio.to_thread(pause_all, runs_folder):
                busy = time.monotonic()
            elif time.monotonic() - busy > QUIET_SECONDS and (await link.ask("leave", {})).get("left"):
                break
    link.is_over.set()


def pause_all(runs_folder: Path) -> bool:
    """Asks every worker to pause that trains for the desk. Whether all runs are whole at the desk. Raises OSError."""
    is_through = True
    for path in runs_folder.glob(f"*/{NOTE}"):
        note = tended_in(path.parent)
        if note.generation and not note.settled:
            is_through = False
            _pause(Run(path.parent))
    return is_through


def _pause(run: Run) -> None:
    """By a signal, so that the run's last line says why; a worker that has written nothing yet would die of it, and finds a
    request."""
    last = last_event(run.event_log)
    if last is not None and last["event"] in ENDS:
        return
    pid = living_pid(run.worker_pid)
    if last is None or pid is None or not tell_to_end(pid):
        run.request_pause()
