"""When a run was made: as its folder says, so that a copied one keeps its place among the others."""

from __future__ import annotations

import os
from pathlib import Path

from core.files import read_json
from core.runs.events import LATEST, complete_lines, events_in

CREATED = "created"  # in the config's file: Unix seconds, which are those of UTC

_known: dict[str, tuple[tuple[int, int], float]] = {}  # config's file -> its time and size, and what it or the log says


def created_at(config_file: str, event_log: str) -> float:
    """Unix seconds: what the config's file says, else when the first event was written, else when that file was. 0: unknown."""
    try:
        found = os.stat(config_file)
        mark = found.st_mtime_ns, found.st_size
    except OSError:
        return _first_event(Path(event_log)) or 0.0
    known = _known.get(config_file)
    if known and known[0] == mark:
        return known[1]
    said = read_json(Path(config_file))
    created = said.get(CREATED) if isinstance(said, dict) else None
    if not (isinstance(created, int | float) and not isinstance(created, bool) and 0 < created < LATEST):
        created = _first_event(Path(event_log))
    if created is None:  # the first event may come later
        return found.st_mtime
    _known[config_file] = mark, created
    return created


def _first_event(event_log: Path) -> float | None:
    try:
        first = events_in(complete_lines(event_log, most=4096))
    except OSError:
        return None
    return next((float(event["time"]) for event in first if event.get("time")), None)
