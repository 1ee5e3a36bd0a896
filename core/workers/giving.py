"""Which devices a run gets that waited elsewhere, in the queue of another computer, and is about to start here."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from core.runs.active_runs import active_runs
from core.runs.assignment import assignment_of
from core.runs.store import Run
from core.workers.dispatch import give, room_here, wish_of
from core.workers.room import Wish

_giving = threading.Lock()  # such runs come side by side


@contextlib.contextmanager
def place_given(run: Run) -> Iterator[None]:
    """Names its devices; it is to be launched inside, as from then on it counts."""
    runs_folder, wish = run.folder.parent, wish_of(run) or Wish("cpu")
    with _giving:
        room = room_here(runs_folder)
        for other in active_runs(runs_folder):
            known, wanted = assignment_of(other.folder), wish_of(other) or Wish("cpu")
            if other == run:
                continue
            if known.devices:
                room.put(tuple(known.devices), wanted._replace(memory=known.memory))
            else:
                room.take(wanted)
        give(run, room.take(wish), wish)
        yield
