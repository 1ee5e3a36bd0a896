"""How fast a run goes on for those who watch it: at full speed, in slow motion, or a step at a time when someone says so.

A page leaves it in the run's folder as `playback`; the worker follows it between two steps, and keeps it over pauses and crashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from core.runs.events import MOST
from core.runs.store import Run
from core.settings.stored import read_stored, write_stored

SLOWEST = 600.0  # seconds for an epoch, as in the settings


@dataclass(frozen=True)
class Playback:
    """What the file `playback` holds."""

    epoch_seconds: Annotated[float, Ge(0), Le(SLOWEST)] = 0.0  # that an epoch lasts at least
    until: Annotated[int, Ge(0), Le(MOST)] | None = None  # the step after which it waits; None: it does not


def playback_of(run: Run) -> Playback | None:
    """The one that someone asked for; None: that of its settings. Never raises."""
    return read_stored(Playback, run.playback_request) if run.has(Run.playback_request) else None


def ask_for_playback(run: Run, playback: Playback) -> None:
    """Has the run follow this speed from its next step on. Raises OSError."""
    write_stored(run.playback_request, playback, sync=False)
