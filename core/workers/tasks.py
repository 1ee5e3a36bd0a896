"""Work of the engine that pages wait for, such as a measurement of how long a training would take: one of each kind for each
person, few in all. The others wait for their turn, and work at which nobody looks any more ends, so that closed pages keep no
computer busy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.machine.memory import was_killed_for_memory
from core.machine.questions import Question

MOST = 2  # at work at once, whoever asked
LONGEST = 300.0  # seconds; it takes about 5, large networks on a busy computer some minutes
UNSEEN = 150.0  # seconds without a look, after which nobody waits: hidden pages look once a minute
INTERVAL = 0.1  # seconds between two looks at those at work


@dataclass
class Task:
    """Waiting or at work, then over with what was `found`, a `problem` in one sentence, or nothing."""

    of: str = ""  # what it is about, in words of whoever asked
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


class TaskQueue:
    """All of one kind of a server, in the order in which they were asked for."""

    def __init__(self, noun: str, remedy: str, most: int = MOST, longest: float | None = None):
        """`noun` is what people call one of them; `remedy` what they can do when one fails; `longest` in seconds."""
        self.noun, self.remedy, self.most, self.longest = noun, remedy, most, longest
        self._all: list[Task] = []
        self._guard = threading.RLock()
        self._thread: threading.Thread | None = None

    def begin(self, owner: str, of: str, ask: Callable[[], Question]) -> Task:
        """A task that begins when it is its turn. An earlier one of this owner ends."""
        new = Task(of, owner=owner, ask=ask)
        with self._guard:
            for earlier in [each for each in self._all if each.owner == owner]:
                self.end(earlier)
            self._all.append(new)
            self._look()
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=f"{self.noun}s", daemon=True)
                self._thread.start()
        return new

    def of(self, owner: str) -> Task | None:
        """What this owner waits for, if anything."""
        with self._guard:
            return next((each for each in self._all if each.owner == owner), None)

    def end(self, task: Task) -> None:
        """Nobody waits for it any more."""
        with self._guard:
            task.finish()
            self._all = [each for each in self._all if each is not task]

    def before(self, task: Task) -> int:
        """How many have to end before it begins; 0 when it is at work or over."""
        with self._guard:
            place = next((place for place, each in enumerate(self._all) if each is task), 0)
            return 0 if task.question or task.is_over else max(0, place - self.most + 1)

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
        now, longest = time.monotonic(), LONGEST if self.longest is None else self.longest
        for each in self._all:
            if now - each.seen > UNSEEN:
                each.finish(problem=f"The {self.noun} was ended, as its page was closed or hidden for long; ask again.")
            elif each.question and not each.question.is_running():
                each.finish(*self._outcome(each.question))
            elif each.question and now - each.question.began > longest:
                minutes = f"{longest / 60:.0f} minutes"
                each.finish(problem=f"The {self.noun} took longer than {minutes} and was ended; {self.remedy}.")
        self._all = [each for each in self._all if not each.is_over]
        for each in self._all[: self.most]:
            if each.question is None and each.ask is not None:
                try:
                    each.question = each.ask()
                except OSError as error:
                    reason = error.strerror or error
                    each.finish(problem=f"The {self.noun} could not be started ({reason}); free some space or memory.")

    def _outcome(self, question: Question) -> tuple[dict[str, Any] | None, str]:
        """(what was found, the problem)."""
        answer, status = question.answer(), question.process.returncode
        if answer is None and was_killed_for_memory(status, question.kills):
            return None, f"The system ended the {self.noun} because memory ran out; choose a smaller batch or network."
        if answer is None:
            return None, f"The {self.noun} ended without an answer (exit status {status}); {self.remedy}."
        return (None, str(answer["error"])) if "error" in answer else (answer, "")
