"""How far each learner has come with each lesson: when it was begun, and what they answered. What they did lies in their runs."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.errors import TrainDeskError
from core.files import remedy
from core.lessons._base import Seen
from core.runs.summary import Summary
from core.runs.workspace import locked, workspace_folder
from core.settings.stored import read_stored, write_stored

MOST = 100  # letters of an answer


@dataclass(frozen=True)
class Attempt:
    """One lesson of one learner."""

    begun: float = 0.0  # Unix seconds; 0: not yet
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """All lessons of one learner, by their names."""

    lessons: dict[str, Attempt] = field(default_factory=dict)


def progress_of(runs_folder: Path, owner: str) -> Progress:
    """Of a visitor. Never raises."""
    return read_stored(Progress, _file(runs_folder, owner))


def begin(runs_folder: Path, owner: str, lesson: str) -> None:
    """Begins it, or begins it anew: what was done before counts no more. Raises TrainDeskError."""
    _change(runs_folder, owner, lesson, Attempt(time.time()))


def answer(runs_folder: Path, owner: str, lesson: str, key: str, chosen: str) -> None:
    """Notes an answer, in place of an earlier one. Raises TrainDeskError."""
    attempt = progress_of(runs_folder, owner).lessons.get(lesson, Attempt(time.time()))
    _change(runs_folder, owner, lesson, replace(attempt, answers={**attempt.answers, key: chosen[:MOST]}))


def seen_by(attempt: Attempt, summaries: list[Summary], runs_folder: Path, data_folder: Path, owner: str) -> Seen:
    """What the checks of a lesson may look at."""
    runs = [each for each in summaries if each.owner == owner and each.created >= attempt.begun]
    runs.sort(key=lambda each: each.created)
    return Seen(tuple(runs), attempt.answers, runs_folder, data_folder, owner, attempt.begun)


def lessons_folder(runs_folder: Path) -> Path:
    """Where a file for each visitor lies. Raises TrainDeskError if its parent cannot be made."""
    return workspace_folder(runs_folder) / "lessons"


def _change(runs_folder: Path, owner: str, lesson: str, attempt: Attempt) -> None:
    try:
        with locked(runs_folder, "lessons"):
            known = progress_of(runs_folder, owner)
            path = _file(runs_folder, owner)
            path.parent.mkdir(exist_ok=True)
            write_stored(path, Progress({**known.lessons, lesson: attempt}))
    except OSError as error:
        raise TrainDeskError(
            f"The lesson cannot be noted in {runs_folder} ({error.strerror}); {remedy(error)}."
        ) from error


def _file(runs_folder: Path, owner: str) -> Path:
    name = owner if owner.isalnum() and len(owner) <= MOST else hashlib.sha256(owner.encode()).hexdigest()
    return lessons_folder(runs_folder) / f"{name}.json"
