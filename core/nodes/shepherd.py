"""The side of a computer that trains for a desk: asks what it is to do, has it done, and sends what comes of it.

It keeps nothing in mind that matters: what it tends it finds in its runs folder, and what is wanted of it the desk says again.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from core.nodes.beginning import set_aside, was_set_aside
from core.nodes.leftovers import forget_leftovers
from core.nodes.local_worker import stop_worker
from core.nodes.messages import POLL_SECONDS, Away, DeskLink, Refused, asked
from core.nodes.tended import RETRY_SECONDS, TendedRun, in_words
from core.nodes.tended_note import NAME, tended_in
from core.runs.store import Run

TICK_SECONDS = 0.2  # between two looks at what is wanted and what is done
TIDY_SECONDS = 600.0  # between two times that what is not needed any more is removed
PATIENCE = 0.5  # seconds for what is under way when it ends
LEAST_POLL_SECONDS = 0.05  # a desk that answers at once with nothing is not asked more often


class Shepherd:
    """All runs of a folder that are trained for a desk. The workers outlive it."""

    def __init__(self, runs_folder: Path, data_folder: Path, link: DeskLink):
        self._runs_folder, self._data_folder, self._link = runs_folder, data_folder, link
        self._tended: dict[str, TendedRun] = {}
        self._wanted: dict[str, dict[str, Any]] = {}  # run -> order, as the desk said last
        self._drop: dict[str, int] = {}  # run -> generation in which it is not ours any more
        self._changing: set[str] = set()  # runs that a thread begins or ends to tend
        self._version = ""
        self._problem = ""
        self._ending = threading.Event()
        self._guard = threading.RLock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Goes on with what lies here, and follows the desk from now on. Raises OSError when the runs folder cannot be made."""
        self._runs_folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._runs_folder.glob(f"*/{NAME}")):
            note = tended_in(path.parent)
            if note.generation and not note.settled:
                self._tend(Run(path.parent), note.generation, None)
        for part in (self._ask, self._tick):
            self._threads.append(threading.Thread(target=part, name="shepherd", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Follows the desk no more. The workers train on."""
        self._ending.set()
        for tended in list(self._tended.values()):
            tended.end(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)

    def facts(self) -> dict[str, Any]:
        """What `heard` is to say of it: ids of the runs that take a place here, and what is wrong in one sentence."""
        tended = list(self._tended.values())
        problem = next((each.problem for each in tended if each.problem), "") or self._problem
        return {"runs": sorted(each.run.id for each in tended if each.is_active), "problem": problem}

    def _ask(self) -> None:
        while not self._ending.is_set():
            begun = time.monotonic()
            known = {
                run.run.id: {"generation": run.generation, "placed": run.placed} for run in list(self._tended.values())
            }
            try:
                said = asked(self._link, "orders", known={"version": self._version, "runs": known}, wait=POLL_SECONDS)
            except Away as away:
                self._problem = str(away) if isinstance(away, Refused) else ""
                self._ending.wait(RETRY_SECONDS)
                continue
            self._problem = ""
            if "runs" in said:
                with self._guard:
                    self._version, self._wanted = said["version"], said["runs"]
                    self._drop = said["drop"]
                self._follow()
            self._ending.wait(max(0.0, LEAST_POLL_SECONDS - (time.monotonic() - begun)))

    def _tick(self) -> None:
        tidied = -TIDY_SECONDS
        while not self._ending.wait(TICK_SECONDS):
            self._follow()
            if time.monotonic() - tidied > TIDY_SECONDS and self._version:  # what the desk wants of it is known
                with self._guard:
                    forget_leftovers(self._runs_folder, busy={*self._tended, *self._changing})
                tidied = time.monotonic()

    def _follow(self) -> None:
        """Brings what is tended to what is wanted."""
        with self._guard:
            for run_id, tended in list(self._tended.items()):
                if tended.is_settled:
                    del self._tended[run_id]
                elif tended.is_stale or self._drop.get(run_id, -1) >= tended.generation:
                    self._change(run_id, None)
            for run_id, order in self._wanted.items():
                mine = self._tended.get(run_id)
                if mine is None or mine.generation < order["generation"]:
                    if not self._was_done(run_id, order["generation"]):
                        self._change(run_id, order)
                elif mine.generation == order["generation"] and run_id not in self._changing:
                    try:
                        mine.follow(order)
                    except OSError as error:
                        self._problem = in_words(error)

    def _was_done(self, run_id: str, generation: int) -> bool:
        """Whether we are through with it in this generation."""
        run = Run(self._runs_folder / run_id)
        note = tended_in(run.folder)
        return (note.settled and note.generation >= generation) or was_set_aside(run, generation)

    def _change(self, run_id: str, order: dict[str, Any] | None) -> None:
        """Begins to tend a run, or ends it: in a thread, since both may take seconds."""
        if run_id not in self._changing:
            self._changing.add(run_id)
            threading.Thread(target=self._changed, args=(run_id, order), name=run_id, daemon=True).start()

    def _changed(self, run_id: str, order: dict[str, Any] | None) -> None:
        try:
            if before := self._tended.get(run_id):
                before.end()
            if order is not None:
                self._tend(Run(self._runs_folder / run_id), order["generation"], order)
            elif before is not None:
                stop_worker(before.run)
                set_aside(before.run, before.generation)
                del self._tended[run_id]
        except OSError as error:
            self._problem = in_words(error)
            self._ending.wait(RETRY_SECONDS)
        finally:
            self._changing.discard(run_id)

    def _tend(self, run: Run, generation: int, order: dict[str, Any] | None) -> None:
        self._tended[run.id] = tended = TendedRun(run, self._data_folder, self._link, generation, order)
        if not self._ending.is_set():
            tended.start()
