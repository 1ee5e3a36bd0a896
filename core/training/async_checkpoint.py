"""Checkpoints are written by a thread of their own: no step waits for the disk.

When epochs are shorter than the writing, as with cached features, it writes the newest states only, and for at most a fifth
of the time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.training.checkpoints import write_checkpoint

PAUSE = 4.0  # times the duration of a writing that pass before the next


class CheckpointWriter:
    """Writes the newest content asked for of each file, in the order in which the files were asked for."""

    def __init__(self) -> None:
        self._waiting: dict[Path, dict[str, Any]] = {}
        self._guard = threading.Lock()
        self._is_awaited = threading.Event()
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._tasks: deque[Future[None]] = deque()  # each writes the first that waits, if there is one

    def __enter__(self) -> CheckpointWriter:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Leaves everything on the disk and ends the thread. Raises OSError unless another error is on its way."""
        try:
            self.wait()
        except Exception:
            if error is None:
                raise
        finally:
            self._is_awaited.set()
            self._thread.shutdown()

    def save(self, path: Path, content: dict[str, Any]) -> None:
        """Asks for a file to be replaced, at once if the thread is free. Raises OSError when an earlier one failed."""
        self.check()
        with self._guard:
            self._waiting.pop(path, None)
            self._waiting[path] = content
        self._tasks.append(self._thread.submit(self._write))

    def check(self) -> None:
        """Raises the OSError that a file could not be written with; the file is then as it was before."""
        while self._tasks and self._tasks[0].done():
            self._tasks.popleft().result()

    def wait(self) -> None:
        """Returns when everything is on the disk. Raises OSError."""
        self._is_awaited.set()
        try:
            while self._tasks:
                self._tasks.popleft().result()
        finally:
            self._is_awaited.clear()

    def _write(self) -> None:
        with self._guard:
            if not self._waiting:
                return
            path = next(iter(self._waiting))
            content = self._waiting.pop(path)
        start = time.monotonic()
        try:
            write_checkpoint(path, content)
        except Exception:  # a full disk, most likely: what waits behind it must not be written out of order
            with self._guard:
                self._waiting.clear()
            raise
        if not self._waiting:  # both files of an epoch in a row, then a rest
            self._is_awaited.wait(PAUSE * (time.monotonic() - start))
