"""Processes that this one starts, each in the same way: named in a file, known to live or to be gone, reaped, ended.

There are two rules of life. Work that someone will look at later (a training, an import, a check) outlives whoever began it:
`start_detached`. An answer that someone waits for (a forecast, a preview) ends with who waits: `core.machine.questions`. Each
detached process begins a family, which its environment names: whoever ends it ends what it started for itself too, and no other.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import psutil

from core.files import read_json
from core.machine.posix import apart, windowless
from core.paths import HOME

SAME_START = 2.0  # seconds by which two readings of when a process started may differ
MOST_HELPERS = 61  # of one process: Windows can wait for no more
FAMILY = "TRAINDESK_FAMILY"  # the variable that names it
T = TypeVar("T")
_children: list[subprocess.Popen] = []  # of this process, until they are reaped
_guard = threading.Lock()  # pages are threads


def start(
    command: list[str], *, env: Mapping[str, str] | None = None, in_terminal: bool = False, **options: Any
) -> subprocess.Popen:
    """A program that this process speaks with and waits for; it opens no window, unless it is to speak in our terminal.

    `env` is its whole environment, as a rule this one's; `options` are those of Popen. Raises OSError.
    """
    options = ({} if in_terminal else windowless()) | {"cwd": HOME} | options
    return subprocess.Popen(command, env=in_utf8(env), **options)


def start_detached(
    module: list[str], *, env: Mapping[str, str] | None = None, log: Path | None = None, **streams: Any
) -> subprocess.Popen:
    """`python -m` these words, in a process that outlives this one and is told nothing.

    What it prints is added to the file `log`, or lost. `env` is its whole environment, as a rule this one's. Raises OSError.
    """
    env = {**in_utf8(env), FAMILY: secrets.token_hex(8)}
    with contextlib.ExitStack() as opened:
        written: BinaryIO | int = opened.enter_context(log.open("ab")) if log else subprocess.DEVNULL
        streams = {"stdin": subprocess.DEVNULL, "stdout": written, "stderr": written, **streams}
        child = subprocess.Popen([sys.executable, "-m", *module], cwd=HOME, env=env, **streams, **apart())
    with _guard:
        _children.append(child)
    threading.Thread(target=_reap, args=(child,), name=f"reaps {child.pid}", daemon=True).start()
    return child


def in_utf8(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment, as a rule this one's, in which Python speaks UTF-8 wherever it is: Windows has other letters."""
    return {**(os.environ if env is None else env), "PYTHONUTF8": "1"}


def helpers(count: int) -> ProcessPoolExecutor:
    """At most so many processes that compute for this one. They import what they need, as Windows and macOS want it."""
    return ProcessPoolExecutor(min(count, MOST_HELPERS), mp_context=multiprocessing.get_context("spawn"))


def children() -> list[subprocess.Popen]:
    """Those that were started here and have not ended, the last one last."""
    with _guard:
        return list(_children)


def _reap(child: subprocess.Popen) -> None:
    """Lets go of a child as soon as it ends: an unreaped one stays in the system's list of processes."""
    child.wait()
    with _guard:
        _children.remove(child)


def name_process(mark: Path, pid: int) -> None:
    """Writes into a file that is there which process it is about. Raises OSError; of a process that is gone it writes nothing."""
    try:
        text = json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()})
    except psutil.Error:
        return
    with mark.open("r+", encoding="ascii") as file:  # not made anew if someone has removed it
        file.write(text)
        file.truncate()  # it may have named another one


def is_gone(mark: Path) -> bool:
    """Whether the process that a file names has ended. False where it names none, or cannot be read."""
    named = _named(mark)
    if named is None:
        return False
    try:
        process = psutil.Process(named[0])
        return abs(process.create_time() - named[1]) > SAME_START or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:  # not ours to ask
        return False


def living_pid(mark: Path) -> int | None:
    """The process that a file names, if it lives: numbers are given again."""
    named = _named(mark)
    return named[0] if named and psutil.pid_exists(named[0]) and not is_gone(mark) else None


def end_process(mark: Path) -> None:
    """Ends the process that a file names at once, in the middle of its work, and its family."""
    if pid := living_pid(mark):
        _end(pid)


def end_child(child: subprocess.Popen) -> None:
    """The same of one that was started here. Who waits for it sees its end."""
    if child.poll() is None:  # until then its number is its own
        _end(child.pid)


def _end(pid: int) -> None:
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        name = _family(first)
        own = [child for child in first.children(recursive=True) if name is not None and _family(child) == name]
        for process in [first, *own]:  # itself before the others: it starts no more of them
            with contextlib.suppress(psutil.Error):
                process.kill()


def _family(process: psutil.Process) -> str | None:
    with contextlib.suppress(psutil.Error):
        return process.environ().get(FAMILY, "")
    return None  # it has ended, or is somebody else's


def _named(mark: Path) -> tuple[int, float] | None:
    """Its number, and when it started in Unix seconds."""
    said = read_json(mark)
    try:
        return int(said["pid"]), float(said["started"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def last_word(read: Callable[[], T], works: Callable[[T], bool], mark: Path, lost: T) -> T:
    """What a process said last of its work; `lost` where it said that it works and has ended without another word."""
    said = read()
    if not works(said) or not is_gone(mark):
        return said
    said = read()  # it may have ended well between the two looks
    return lost if works(said) else said


@dataclass
class Reporter:
    """Says now and then how far a work is: called with its phase, what is done and of how much (0: not known)."""

    write: Callable[[str, int, int, float], None]  # phase, done, total, Unix seconds at which the phase began
    every: float  # seconds between two words on one phase; that all is done is always said
    _phase: str = ""
    _began: float = 0.0
    _said: float = field(default=0.0)

    def __call__(self, phase: str, done: int, total: int) -> None:
        now = time.time()
        if phase != self._phase:
            self._phase, self._began, self._said = phase, now, 0.0
        if abs(now - self._said) > self.every or done == total:
            self._said = now
            self.write(phase, done, total, self._began)
