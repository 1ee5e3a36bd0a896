"""A desk and computers beside each other in one process: messages go from one to the other as a test wants."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from core.nodes.mirror import Mirror
from core.nodes.shepherd import Shepherd
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.store import Run


class Joined:
    """The link of one computer to a mirror: waits for orders as the transport does. `away`: nothing arrives."""

    def __init__(self, mirror: Mirror, node: str):
        self.mirror, self.node, self.away = mirror, node, False
        self.calls: list[tuple[str, dict[str, Any]]] = []
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
            raise ConnectionError("the cable is out")
        self.calls.append((method, values))
        return self.mirror.answer(self.node, method, values)

    def _poke(self, node: str) -> None:
        if node == self.node:
            with self._changed:
                self._changed.notify_all()


def place(run: Run, computer: str) -> Placement:
    """Gives a run to a computer, as whoever places runs does."""
    placement = Placement(computer, placement_of(run.folder).generation + 1, time.time())
    write_placement(run.folder, placement)
    run.starting_mark.touch()
    return placement


def shepherd_of(mirror: Mirror, folder: Path, node: str) -> Shepherd:
    return Shepherd(folder / node / "runs", folder / node / "data", Joined(mirror, node))
