"""A desk and computers beside each other in one process: messages go from one to the other as a test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.nodes.mirror import Mirror
from core.nodes.shepherd import Shepherd
from core.runs.events import EventWriter
from core.runs.placement import Placement, hand_over, placement_of
from core.runs.queue import locked
from core.runs.store import Run


class Joined:
    """The link of one computer to a mirror: waits for orders as the transport does. `away`: nothing arrives."""

    def __init__(self, mirror: Mirror, node: str):
        self.mirror, self.node, self.away = mirror, node, False
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.tried = 0  # to call while nothing arrives
        self._changed = threading.Condition()
        mirror.listen(self._poke)

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        if method != "orders":
            return self.pass_on(method, values)
        end = time.monotonic() + min(values.pop("wait"), 5.0)
        while True:
            with self._changed:
                if (said := self.pass_on(method, values)) or time.monotonic() > end:
                    return said
                self._changed.wait(0.5)

    def pass_on(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        if self.away:
            self.tried += 1
            raise ConnectionError("the cable is out")
        self.calls.append((method, values))
        return self.mirror.answer(self.node, method, values)

    def close(self) -> None:
        """The computer goes."""
        self.away = True
        self._poke(self.node)

    def _poke(self, node: str) -> None:
        if node == self.node:
            with self._changed:
                self._changed.notify_all()


def place(run: Run, computer: str) -> Placement:
    """Gives a run to a computer, as whoever places runs does."""
    with locked(run.folder.parent):
        hand_over(run.folder, computer)
        run.starting_mark.touch()
    return placement_of(run.folder)


def shepherd_of(mirror: Mirror, folder: Path, node: str) -> Shepherd:
    return Shepherd(folder / node / "runs", folder / node / "data", Joined(mirror, node))


class Faulty(Joined):
    """One over which messages get lost, come twice, come cut or come late, as the list `faults` says of one after the other."""

    def __init__(self, mirror: Mirror, node: str):
        super().__init__(mirror, node)
        self.faults: list[str] = []
        self.late: list[tuple[str, dict[str, Any]]] = []

    def pass_on(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost":
            raise ConnectionError("lost")
        if fault == "late":  # whoever asked has given up when it arrives
            self.late.append((method, values))
            raise ConnectionError("late")
        if fault == "cut" and "data" in values:
            super().pass_on(method, values | {"data": values["data"][: len(values["data"]) // 2]})
            raise ConnectionError("cut")
        said = super().pass_on(method, values)
        while self.late:
            super().pass_on(*self.late.pop())
        if fault == "twice":
            said = super().pass_on(method, values)
        if fault == "unheard":
            raise ConnectionError("the answer is lost")
        return said


FAULTS = ("", "lost", "late", "cut", "twice", "unheard")


class FakeWorkers:
    """Stands in for `launch`: workers that are threads, and do what `work(run, write)` does with the lock of their run."""

    def __init__(self, work: Callable[[Run, Callable[..., Any]], None]):
        self.work, self.launched = work, []
        self.threads: list[threading.Thread] = []

    def __call__(self, run: Run, data_folder: Path) -> None:
        self.launched.append(run)
        run.starting_mark.touch()
        self.threads.append(threading.Thread(target=self._run, args=(run,), daemon=True))
        self.threads[-1].start()

    def _run(self, run: Run) -> None:
        with FileLock(run.worker_lock).acquire(timeout=5):
            log = EventWriter(run.event_log)
            if log.has_events:
                log.write("resuming")
            run.starting_mark.unlink(missing_ok=True)
            self.work(run, log.write)
            log.close()
            for request in (run.stop_request, run.pause_request):
                request.unlink(missing_ok=True)
