"""Checkpoints are written by a thread of their own: no step waits for the disk.

When epochs are shorter than the writing, as with cached features, it writes the newest states only, and for at most a fifth
of the time.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from core.training.checkpoints import write_checkpoint

PAUSE = 4.0  # times the duration of a writing that pass before the next


class CheckpointWriter:
    """Writes the newest content asked for of each file, in the order in which the files were asked for."""

    def __init__(self) -> None:
        self._waiting: dict[Path, dict[str, Any]] = {}
        self._change = threading.Condition()
        self._is_writing = False
        self._is_awaited = False
        self._has_ended = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._write, name="checkpoints", daemon=True)
        self._thread.start()

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
            with self._change:
                self._has_ended = True
                self._change.notify_all()
            self._thread.join()

    def save(self, path: Path, content: dict[str, Any]) -> None:
        """Asks for a file to be replaced, at once if the thread is free. Raises OSError when an earlier one failed."""
        self.check()
        with self._change:
            self._waiting.pop(path, None)
            self._waiting[path] = content
            self._change.notify_all()

    def check(self) -> None:
        """Raises the OSError that a file could not be written with; the file is then as it was before."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def wait(self) -> None:
        """Returns when everything is on the disk. Raises OSError."""
        with self._change:
            self._is_awaited = True
            self._change.notify_all()
            self._change.wait_for(lambda: not self._waiting and not self._is_writing)
            self._is_awaited = False
        self.check()

    def _write(self) -> None:
        while True:
            with self._change:
                self._is_writing = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._waiting or self._has_ended)
                if not self._waiting:
                    return
                path = next(iter(self._waiting))
                content = self._waiting.pop(path)
                self._is_writing = True
            start = time.monotonic()
            try:
                write_checkpoint(path, content)
            except Exception as error:  # a full disk, most likely: raised where the training can see it
                with self._change:
                    self._failure = error
                    self._waiting.clear()
            rest = PAUSE * (time.monotonic() - start)
            with self._change:
                if not self._waiting:  # both files of an epoch in a row, then a rest
                    self._is_writing = False
                    self._change.notify_all()
                    self._change.wait_for(lambda: self._is_awaited or self._has_ended, rest)
