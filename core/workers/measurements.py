"""Measurements of how long a training would take: one for each person, few in all. The others wait for their turn, and one at
which nobody looks any more ends, so that closed pages keep no computer busy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.machine.questions import Question

MOST = 2  # at work at once, whoever asked
LONGEST = 300.0  # seconds; it takes about 5, large networks on a busy computer some minutes
UNSEEN = 150.0  # seconds without a look, after which nobody waits: hidden pages look once a minute
INTERVAL = 0.1  # seconds between two looks at those at work


@dataclass
class Measurement:
    """One measurement: waiting or at work, then over with what was `found`, a `problem` in one sentence, or nothing."""

    of: str = ""  # what is measured, in words of whoever asked
    found: dict[str, Any] | None = None
    problem: str = ""
    owner: str = ""
    question: Question | None = None  # while it is at work
    is_over: bool = False
    seen: float = field(default_factory=time.monotonic)  # when someone looked last
    ask: Callable[[], Question] | None = None  # begins it

    def is_running(self) -> bool:
        """Whether an answer is to come. Whoever waits for it looks now and then."""
        self.seen = time.monotonic()
        return not self.is_over

    def finish(self, found: dict[str, Any] | None = None, problem: str = "") -> None:
        """Ends its process, if there is one, with this outcome unless it has one."""
        if not self.is_over:
            self.found, self.problem = found, problem
        question, self.question, self.is_over = self.question, None, True
        if question is not None:
            question.end()


class Measurements:
    """All of a server, in the order in which they were asked for."""

    def __init__(self, most: int = MOST):
        self.most = most
        self._all: list[Measurement] = []
        self._guard = threading.RLock()
        self._thread: threading.Thread | None = None

    def begin(self, owner: str, of: str, ask: Callable[[], Question]) -> Measurement:
        """A measurement that begins when it is its turn. An earlier one of this person ends."""
        new = Measurement(of, owner=owner, ask=ask)
        with self._guard:
            for earlier in [each for each in self._all if each.owner == owner]:
                self.end(earlier)
            self._all.append(new)
            self._look()
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="measurements", daemon=True)
                self._thread.start()
        return new

    def end(self, measurement: Measurement) -> None:
        """Nobody waits for it any more."""
        with self._guard:
            measurement.finish()
            self._all = [each for each in self._all if each is not measurement]

    def before(self, measurement: Measurement) -> int:
        """How many have to end before it begins; 0 when it is at work or over."""
        with self._guard:
            place = next((place for place, each in enumerate(self._all) if each is measurement), 0)
            return 0 if measurement.question or measurement.is_over else max(0, place - self.most + 1)

    def _serve(self) -> None:
        while True:
            time.sleep(INTERVAL)
            with self._guard:
                self._look()
                if not self._all:
                    self._thread = None
                    return

    def _look(self) -> None:
        """Takes the answers that are there, ends what took too long or is waited for by nobody, and begins what has room."""
        now = time.monotonic()
        for each in self._all:
            if now - each.seen > UNSEEN:
                each.finish(problem="The measurement was ended, as its page was closed or hidden for long; ask again.")
            elif each.question and not each.question.is_running():
                each.finish(*_outcome(each.question))
            elif each.question and now - each.question.began > LONGEST:
                minutes = f"{LONGEST / 60:.0f} minutes"
                each.finish(problem=f"The measurement took longer than {minutes} and was ended; try smaller settings.")
        self._all = [each for each in self._all if not each.is_over]
        for each in self._all[: self.most]:
            if each.question is None and each.ask is not None:
                try:
                    each.question = each.ask()
                except OSError as error:
                    reason = error.strerror or error
                    each.finish(problem=f"The measurement could not be started ({reason}); free some space or memory.")


def _outcome(question: Question) -> tuple[dict[str, Any] | None, str]:
    """(what was found, the problem)."""
    answer, status = question.answer(), question.process.returncode
    if answer is None:
        return None, f"The measurement ended without an answer (exit status {status}); try smaller settings."
    return (None, str(answer["error"])) if "error" in answer else (answer, "")
