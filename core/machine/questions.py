"""Answers that someone waits for, each worked out by a process of its own, of which nothing remains: it is reaped when it ends,
its folder is removed with it, and both end with who asked, however that ended.

    python -m core.machine.questions FOLDER MODULE ...

is that process: it does the work of a module of `python -m`, as long as its standard input is open.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from core.files import read_json, remove_folder
from core.machine.memory import kills
from core.machine.posix import read_input
from core.machine.processes import end_child, start

PREFIX = "traindesk-"  # then the process that made the folder
OLD = 3600.0  # seconds after which a folder of a process that is gone is nobody's
PATIENCE = 10.0  # seconds for what has to be done after the end of a process


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for the length of a `with`. Should this process die before, the next one that asks for a folder removes it."""
    folder = _new_folder()
    try:
        yield folder
    finally:
        remove_folder(folder)


class Question:
    """A process that works out an answer in JSON. `end` it when nobody waits any more."""

    def __init__(self, words: Callable[[Path], list[str]], env: Mapping[str, str] | None = None):
        """Runs `python -m` the words, made for a folder in which files for the process may be left. Raises OSError."""
        self.folder = _new_folder()
        self.began, self.kills = time.monotonic(), kills()
        self._answer: Any = None
        self._is_over = threading.Event()
        answer = self.folder / "answer.json"
        try:
            with answer.open("wb") as file:
                self.process = start(
                    [sys.executable, "-m", "core.machine.questions", str(self.folder), *words(self.folder)],
                    env=env,
                    stdin=subprocess.PIPE,  # its end is ours
                    stdout=file,
                    stderr=subprocess.DEVNULL,
                )
        except OSError:
            remove_folder(self.folder)
            raise
        threading.Thread(target=self._see_out, args=(answer,), name=f"asks {self.process.pid}", daemon=True).start()

    def is_running(self) -> bool:
        """Whether it still works."""
        return not self._is_over.is_set()

    def answer(self, patience: float = 0.0) -> dict[str, Any] | None:
        """The object that it wrote; None when it wrote none, or has not ended within so many seconds."""
        self._is_over.wait(patience)
        return self._answer if isinstance(self._answer, dict) else None

    def end(self) -> None:
        """Ends the process, if it runs; its files are gone then."""
        end_child(self.process)
        self._is_over.wait(PATIENCE)

    def __enter__(self) -> Question:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _see_out(self, answer: Path) -> None:
        """Waits for the process, also when nobody does any more."""
        self.process.wait()
        self._answer = read_json(answer)
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        remove_folder(self.folder)
        self._is_over.set()


def _new_folder() -> Path:
    _remove_those_of_the_dead()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


@cache
def _remove_those_of_the_dead() -> None:
    """Once in the life of a process."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}[0-9]*-*"):
        with contextlib.suppress(OSError, ValueError):
            maker = int(folder.name.removeprefix(PREFIX).partition("-")[0])
            if time.time() - folder.stat().st_mtime > OLD and not psutil.pid_exists(maker):
                remove_folder(folder)


def _end_with_who_asked(folder: str) -> None:
    """Standard input ends when the process that asked does, be it killed."""
    while read_input():
        pass
    remove_folder(Path(folder), patience=0)  # what cannot be removed goes with `_remove_those_of_the_dead`
    os._exit(1)


if __name__ == "__main__":
    _, own, *sys.argv = sys.argv
    threading.Thread(target=_end_with_who_asked, args=(own,), daemon=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
