"""The desk's side of the other computers: answers what they say of their runs, and tells them what they are to do.

What is wanted of a computer is told as it is (these runs, these requests), not as commands, so that an answer that is lost costs
nothing: the next one says the same. All that is known lies in files, so that the desk may end at any moment and go on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.experiments.pruning import curves_of
from core.files import remedy
from core.nodes.heard import MOST_RUNS, taken_down
from core.nodes.messages import check_message
from core.nodes.mirrored import MirroredRun
from core.nodes.ownership import NotYours, check_owner, is_lost_to, owner_of, read_placement
from core.nodes.registry import LOST_SECONDS, Node, nodes, remove_node, write_node
from core.nodes.requests import forget_learning_rate
from core.nodes.shelf import Shelf
from core.runs.placement import Placement
from core.runs.store import Run
from core.runs.workspace import workspace_folder

SCAN_SECONDS = 0.5  # between two looks for runs that were placed
OTHERS_SECONDS = 2.0  # between two looks at how far the runs of an experiment are
LOOK_SECONDS = 0.1  # between two looks at what people ask of them
RUN_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,200}", re.ASCII)

Changed = Callable[[str], None]  # called with the name of a computer for which there are other orders now


class Mirror:
    """All runs that other computers train for this folder. Safe to be called by several threads."""

    def __init__(self, runs_folder: Path, data_folder: Path):
        """Raises TrainDeskError when the runs folder cannot be written."""
        self._runs_folder, self._data_folder = runs_folder, data_folder
        workspace_folder(runs_folder)
        self._runs: dict[str, MirroredRun] = {}
        self._orders: dict[str, tuple[str, dict[str, Any]]] = {}  # computer -> version of its orders, run -> order
        self._heard: dict[str, float] = {}  # computer -> when it was heard of, of the monotonic clock
        self._facts: dict[str, Node] = {node.name: node for node in nodes(runs_folder)}
        self._began = time.monotonic()
        self._shelf = Shelf()
        self._curves: dict[str, tuple[float, dict[str, dict[int, float]]]] = {}  # experiment -> when read, run -> curve
        self._listeners: list[Changed] = []
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem, self._problem_since = "", 0.0  # said last of what the desk could not do; of the monotonic clock

    def start(self) -> None:
        """Looks for runs from now on."""
        self._look(scan=True)
        self._thread = threading.Thread(target=self._watch, name="mirror", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends looking and lets go of the runs. Their computers train on."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        for mirrored in list(self._runs.values()):
            mirrored.let_go()

    def listen(self, changed: Changed) -> None:
        """Has this called, in a thread of the mirror, whenever a computer's orders have changed."""
        self._listeners.append(changed)

    def version(self, node: str) -> str:
        """Of the orders of a computer: another one when they change, the same after a restart."""
        return self._orders.get(node, ("", {}))[0]

    def answer(self, node: str, method: str, values: dict[str, Any]) -> dict[str, Any]:
        """Answers one message of a computer, whose name is that of its certificate. Never raises; see `core.nodes.messages`.

        `orders` is answered at once, with nothing when there is nothing new.
        """
        try:
            check_message(method, values)
            if method in ("heard", "orders"):
                return getattr(self, method)(node, **values) or {}
            self._hear(node)
            return getattr(self, method)(node, **values)
        except NotYours as no:
            return {no.answer: True}
        except TrainDeskError as error:
            return {"error": str(error)}
        except OSError as error:
            self._say(error)
            return {"error": _in_words(error)}

    def heard(self, node: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Takes down what a computer says of itself: the fields of `Node`. Raises OSError, TrainDeskError."""
        self._hear(node)
        self._facts[node] = taken_down(node, facts, self._facts.get(node, Node()), self._trouble())
        write_node(self._runs_folder, self._facts[node])
        return {}

    def orders(self, node: str, known: dict[str, Any]) -> dict[str, Any] | None:
        """What a computer is to do, as it stands now; None when it knows that. Raises OSError.

        `known`: the version it has, and of each run that it holds not settled its generation and the serial of the last learning
        rate that was placed.
        """
        self._hear(node)
        held = known.get("runs")
        drop = {}
        for run_id, said in list(held.items())[:MOST_RUNS] if isinstance(held, dict) else ():
            generation, placed = (
                said.get(name) if isinstance(said, dict) else None for name in ("generation", "placed")
            )
            if not isinstance(run_id, str) or type(generation) is not int:
                continue
            if is_lost_to(node, generation, self._placement_of(run_id)):
                drop[run_id] = generation
            elif (mirrored := self._runs.get(run_id)) and _is_of(mirrored, node, generation):
                if type(placed) is int and placed:
                    forget_learning_rate(mirrored.run, placed)
                with contextlib.suppress(NotYours):  # it was given away at this moment: other orders follow
                    self._back(mirrored)
        version, runs = self._orders.get(node) or (_version_of({}), {})
        if version == known.get("version") and not drop:
            return None
        return {"version": version, "runs": runs, "drop": drop}

    def deliver(self, node: str, run: str, generation: int, offset: int, data: bytes) -> dict[str, Any]:
        """Lines of a run's log from this byte on: how many bytes of it are here now. Raises NotYours, OSError, TrainDeskError."""
        return self._mine(node, run, generation).deliver(offset, data)

    def offer(self, node: str, run: str, generation: int, files: dict[str, Any], over: Any = None) -> dict[str, Any]:
        """All files that a run has there, by name with size and SHA-256, and when its worker is gone the same of its log: which
        are wanted from which byte on, and whether all is here. Raises NotYours, OSError, TrainDeskError."""
        return self._mine(node, run, generation).offer(files, over)

    def put(
        self, node: str, run: str, generation: int, name: str, digest: str, size: int, offset: int, data: bytes
    ) -> dict[str, Any]:
        """A piece of a file: how many bytes of it are here now. Raises NotYours, OSError, TrainDeskError."""
        return self._mine(node, run, generation).put(name, digest, size, offset, data)

    def fetch(self, node: str, digest: str, offset: int, length: int) -> dict[str, Any]:
        """A piece of what a run needs that was placed with this computer. Raises TrainDeskError."""
        mine = [run_id for run_id, mirrored in list(self._runs.items()) if mirrored.placement.computer == node]
        try:
            return {"data": self._shelf.read(digest, offset, length, mine)}
        except TrainDeskError:
            for run_id in mine:  # it has changed: what is needed is looked for anew, and other orders follow
                mirrored = self._runs.get(run_id)
                if mirrored is not None and any(parcel.digest == digest for parcel in mirrored.parcels or ()):
                    mirrored.parcels = None
            raise

    def leave(self, node: str) -> dict[str, Any]:
        """Takes out a computer that goes for good, unless a run is still its own. Raises OSError, TrainDeskError."""
        if is_free := all(mirrored.placement.computer != node for mirrored in list(self._runs.values())):
            remove_node(self._runs_folder, node)
        return {"left": is_free}

    def _mine(self, node: str, run_id: str, generation: int) -> MirroredRun:
        mirrored = self._runs.get(run_id)
        if mirrored is not None and _is_of(mirrored, node, generation):
            self._back(mirrored)
            return mirrored
        placement = self._placement_of(run_id)
        check_owner(node, generation, placement)
        raise TrainDeskError(f"Run {run_id} was placed just now; it is tried again.")

    def _placement_of(self, run_id: str) -> Placement | None:
        """None where no run of that name is placed. Raises OSError when that cannot be found out."""
        if not RUN_ID.fullmatch(run_id):
            return None
        return read_placement(self._runs_folder / run_id)

    def _hear(self, node: str) -> None:
        self._heard[node] = time.monotonic()

    def _back(self, mirrored: MirroredRun) -> None:
        """Its computer speaks of it again."""
        if mirrored.placement.lost:
            mirrored.lose(0.0)

    def _watch(self) -> None:
        next_scan = 0.0
        while not self._over.wait(LOOK_SECONDS):
            scan = time.monotonic() >= next_scan
            if scan:
                next_scan = time.monotonic() + SCAN_SECONDS
            try:
                self._look(scan)
            except (OSError, TrainDeskError) as error:
                self._say(error)

    def _look(self, scan: bool) -> None:
        """Raises OSError, TrainDeskError."""
        if scan:
            self._scan()
        for run_id, mirrored in list(self._runs.items()):
            try:
                mirrored.check()
                self._check_touch(mirrored)
                mirrored.keep()
                mirrored.get_ready(self._data_folder, self._shelf)
            except NotYours:
                self._forget(run_id, mirrored)
            except (OSError, TrainDeskError) as error:
                self._say(error)
        self._tell_orders()

    def _scan(self) -> None:
        """Finds the runs that were placed."""
        with os.scandir(self._runs_folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".")]
        for name in names:
            folder = self._runs_folder / name
            if name in self._runs or not os.path.isfile(f"{folder}/placement.json") or not RUN_ID.fullmatch(name):
                continue
            placement = read_placement(folder)
            if placement is not None and placement.is_elsewhere:
                self._runs[name] = MirroredRun(Run(folder), placement)

    def _forget(self, run_id: str, mirrored: MirroredRun) -> None:
        mirrored.let_go()
        self._runs.pop(run_id, None)
        self._shelf.withdraw(run_id)

    def _check_touch(self, mirrored: MirroredRun) -> None:
        """Notes that its computer is lost when it was silent for too long."""
        placement = mirrored.placement
        silent = time.monotonic() - self._heard.get(placement.computer, self._began)
        if silent > LOST_SECONDS and not placement.lost:
            was_heard = placement.computer in self._heard
            known = self._facts.get(placement.computer)
            last = known.seen if known and not was_heard else time.time() - silent
            mirrored.lose(max(1.0, last))

    def _tell_orders(self) -> None:
        """Puts together what each computer is to do, and says where that has changed."""
        wanted: dict[str, dict[str, Any]] = {node: {} for node in self._orders}
        for run_id, mirrored in sorted(self._runs.items()):
            with contextlib.suppress(OSError):
                if order := mirrored.order():
                    order["requests"]["others"] = self._others(mirrored.run)
                    wanted.setdefault(mirrored.placement.computer, {})[run_id] = order
        for node, runs in wanted.items():
            if self._orders.get(node, ("", None))[1] != runs:
                self._orders[node] = _version_of(runs), runs
                for changed in self._listeners:
                    with contextlib.suppress(RuntimeError):  # a loop that has ended
                        changed(node)

    def _others(self, run: Run) -> list[list[list[float]]] | None:
        """What the other runs of its experiment have on all computers, for a run that ends when it is hopeless beside them."""
        try:
            config = run.config()
        except TrainDeskError:
            return None
        if not (config.training.prune and config.experiment):
            return None
        since, curves = self._curves.get(config.experiment, (-math.inf, {}))
        if time.monotonic() - since > OTHERS_SECONDS:
            curves = curves_of(config.experiment, self._runs_folder)
            self._curves[config.experiment] = time.monotonic(), curves
        return [
            [list(point) for point in curve.items()] for run_id, curve in sorted(curves.items()) if run_id != run.id
        ]

    def _say(self, error: OSError | TrainDeskError) -> None:
        """Once: on the screen of the desk, and with what is known of the computers."""
        said = str(error) if isinstance(error, TrainDeskError) else _in_words(error)
        if said != self._trouble():
            print(said, file=sys.stderr, flush=True)
        self._problem, self._problem_since = said, time.monotonic()

    def _trouble(self) -> str:
        """What the desk could not do a moment ago; empty when all went well."""
        return self._problem if time.monotonic() - self._problem_since < LOST_SECONDS else ""


def _is_of(mirrored: MirroredRun, node: str, generation: int) -> bool:
    return owner_of(mirrored.placement) == (node, generation)


def _version_of(runs: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(runs, sort_keys=True).encode()).hexdigest()[:32]


def _in_words(error: OSError) -> str:
    return f"The desk could not read or write ({error.strerror or error}: {error.filename}); {remedy(error)} there."
