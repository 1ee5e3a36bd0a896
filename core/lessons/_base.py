"""What a lesson is made of: steps with something to click and a check, a question, and what a teacher should know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.lessons._collection import Collection
from core.run_config import RunConfig
from core.runs.summary import Summary


@dataclass(frozen=True)
class Verdict:
    """Whether a step is done, and what was found or is missing, in one sentence."""

    done: bool
    said: str


@dataclass(frozen=True)
class Seen:
    """What a check may look at. `runs` are the learner's since the lesson was begun, the oldest first; `answers` what they
    chose, by the key of the question."""

    runs: tuple[Summary, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    runs_folder: Path = Path()
    data_folder: Path = Path()
    owner: str = ""
    begun: float = 0.0  # Unix seconds


@dataclass(frozen=True)
class Start:
    """A button that starts trainings, as soon as that can be done. `configs` may make a dataset; it raises TrainDeskError."""

    label: str
    configs: Callable[[Seen], list[RunConfig]]
    can: Callable[[Seen], bool] = lambda seen: True


@dataclass(frozen=True)
class Bring:
    """A button that makes a dataset of the learner's own. `make` raises TrainDeskError."""

    label: str
    make: Callable[[Seen], object]


@dataclass(frozen=True)
class Draw:
    """An area on which several people draw, each under a name; the last one is kept as the answer `key`."""

    key: str
    question: str  # what to do, in a sentence
    collection: Callable[[Path], Collection]  # of the folder with people's data


@dataclass(frozen=True)
class Go:
    """A link to a page, by its file's name, and what of it is shown; `place` may depend on what was seen."""

    label: str
    place: Callable[[Seen], tuple[str, Mapping[str, str]] | None]


@dataclass(frozen=True)
class Ask:
    """A question with answers to choose from, which may depend on what was seen; none yet: it is asked later."""

    key: str
    question: str
    choices: Callable[[Seen], list[str]]


Act = Start | Bring | Draw | Go | Ask


@dataclass(frozen=True)
class Step:
    """One thing to do. `check` says whether it is done, from the learner's own runs, datasets and answers."""

    title: str
    text: str  # two or three sentences
    acts: tuple[Act, ...]
    check: Callable[[Seen], Verdict]


@dataclass(frozen=True)
class Teacher:
    """What stands on the teacher's sheet alone."""

    say: tuple[str, ...]  # sentences to begin with and to end with
    timing: tuple[tuple[int, str], ...]  # minutes, and what happens in them
    expected: str  # result
    goes_wrong: tuple[tuple[str, str], ...]  # what happens, and what to do then


@dataclass(frozen=True)
class Lesson:
    """A guided experiment of ten to twenty-five minutes."""

    name: str  # in its address
    title: str
    place: int  # in the list, from 1
    minutes: int
    goal: str  # one sentence: what one knows afterwards
    steps: tuple[Step, ...]
    question: str  # to think about
    answer: str  # to unfold
    teacher: Teacher

    def verdicts(self, seen: Seen) -> list[Verdict]:
        """Of each step."""
        return [step.check(seen) for step in self.steps]


LESSONS: dict[str, Lesson] = {}


def register(lesson: Lesson) -> Lesson:
    """Adds it to the list. Raises ValueError on a duplicate."""
    if lesson.name in LESSONS:
        raise ValueError(f"lesson '{lesson.name}' is registered twice")
    LESSONS[lesson.name] = lesson
    return lesson
