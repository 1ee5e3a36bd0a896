"""What a computer keeps of runs that it trained for a desk, so that they can go on here without being sent: for a while.

Everything of a settled run is at the desk. A copy of a run that someone else took over may hold what nobody else has.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection
from pathlib import Path

from core.files import remove_folder
from core.nodes.beginning import LOST
from core.nodes.tended_note import NAME, tended_in
from core.runs.disk import LOW, disk_usage

KEPT_SECONDS = 14 * 86_400.0  # for which a settled run stays, while there is room
COPY_SECONDS = 60 * 86_400.0  # the same of a copy


def forget_leftovers(runs_folder: Path, busy: Collection[str] = ()) -> list[Path]:
    """Removes what was kept for long enough and, while the disk is nearly full, settled runs from the oldest on; none of those
    that are busy (their ids). What was removed. Never raises."""
    removed = []
    for since, folder in sorted(_settled(runs_folder)):
        if folder.name in busy:
            continue
        is_copy, age = LOST in folder.name, time.time() - since
        if age > (COPY_SECONDS if is_copy else KEPT_SECONDS) or (not is_copy and _is_nearly_full(runs_folder)):
            remove_folder(folder)
            removed.append(folder)
    return removed


def _settled(runs_folder: Path) -> list[tuple[float, Path]]:
    """Folders that nobody tends any more, and since when, in Unix seconds."""
    found = []
    for note in runs_folder.glob(f"*/{NAME}"):
        with contextlib.suppress(OSError):
            if tended_in(note.parent).settled:
                found.append((note.stat().st_mtime, note.parent))
    return found


def _is_nearly_full(runs_folder: Path) -> bool:
    usage = disk_usage(runs_folder)
    return usage is not None and usage.free < LOW
