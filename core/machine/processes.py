"""Processes that outlive this one, and which process something is about: another one may get the same number."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from core.paths import HOME

TOLERANCE = 0.1  # seconds between two readings of when a process started


def start_detached(module: list[str], *, env: Mapping[str, str], **streams: Any) -> subprocess.Popen:
    """`python -m` these words, in a process that outlives this one and is told nothing. Raises OSError."""
    detached = (
        {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
        if sys.platform == "win32"
        else {"start_new_session": True}  # a Ctrl-C in the dashboard's terminal must not reach it
    )
    streams = {"stdin": subprocess.DEVNULL, **streams}
    return subprocess.Popen([sys.executable, "-m", *module], cwd=HOME, env=env, **streams, **detached)


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
