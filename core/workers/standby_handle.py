"""The dashboard's side of a waiting worker: its process, whether it is ready, and the one run it is given."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.machine.processes import end_child
from core.runs.store import Run

READY, TAKEN = b"ready", b"taken"  # lines that the process writes
PATIENCE = 120.0  # seconds in which it must get ready; it takes 3 on an idle computer


class Standby:
    """A process of `core.workers.standby`. `lost(run, data_folder)` is called if it dies between getting a run and taking it."""

    def __init__(self, process: subprocess.Popen, lost: Callable[[Run, Path], None]):
        assert process.stdin and process.stdout, "it is spoken to through pipes"
        self.process, self._orders, self._said = process, process.stdin, process.stdout
        self.is_ready = False
        self._started = time.monotonic()
        self._lost = lost
        self._lock = threading.Lock()
        self._order: tuple[Run, Path] | None = None
        self._is_over = False
        threading.Thread(target=self._listen, daemon=True).start()

    def order(self, run: Run, data_folder: Path) -> bool:
        """Gives it a run and returns at once, also before it is ready. False if it is dead."""
        line = json.dumps({"run": str(run.folder.resolve()), "data": str(data_folder.resolve())})
        with self._lock:
            if self._is_over or self.process.poll() is not None:
                return False
            try:
                self._orders.write(line.encode() + b"\n")
                self._orders.close()
            except OSError:
                return False
            self._order = run, data_folder
            return True

    def has_ended(self) -> bool:
        """Whether its process is over."""
        return self.process.poll() is not None

    def is_stuck(self) -> bool:
        """Whether it has not become ready in PATIENCE seconds."""
        return not self.is_ready and time.monotonic() - self._started > PATIENCE

    def end(self) -> None:
        """Ends a process that was given no run."""
        end_child(self.process)
        with contextlib.suppress(OSError):
            self._orders.close()
        self.process.wait()

    def _listen(self) -> None:
        """Follows what the process says until it takes its run or ends."""
        with self._said as lines:
            for line in lines:
                if line.strip() == READY:
                    self.is_ready = True
                if line.strip() == TAKEN:
                    return
        with self._lock:
            self._is_over = True
        if self._order is not None:
            self._lost(*self._order)
