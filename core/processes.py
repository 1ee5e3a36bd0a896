"""Which process something is about, so that another one with the same number is not taken for it."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

TOLERANCE = 0.1  # seconds between two readings of when a process started


def name_process(path: Path, pid: int) -> None:
    """Writes into a file that is there which process it is about. Raises OSError; of a process that is gone it writes nothing."""
    try:
        text = json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()})
    except psutil.Error:
        return
    with path.open("r+", encoding="ascii") as file:  # not made anew if someone has removed it
        file.write(text)
        file.truncate()  # it may have named another one


def is_gone(text: str) -> bool:
    """Whether the process that such a file names has ended. False where it names none."""
    try:
        named = json.loads(text)
        pid, started = int(named["pid"]), float(named["started"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) > TOLERANCE or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:  # not ours to ask
        return False
