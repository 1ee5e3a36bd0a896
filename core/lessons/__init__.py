"""Guided experiments for a class: one file each, whose steps are checked from what the learner really did."""

from core.lessons._base import LESSONS, Act, Ask, Bring, Draw, Go, Lesson, Seen, Start, Step, Verdict
from core.lessons._collection import Collection
from core.settings.registry import import_all

__all__ = [
    "Act",
    "Ask",
    "Bring",
    "Collection",
    "Draw",
    "Go",
    "Lesson",
    "Seen",
    "Start",
    "Step",
    "Verdict",
    "find_lesson",
    "lessons",
]

import_all(__name__)


def lessons() -> list[Lesson]:
    """In their order."""
    return sorted(LESSONS.values(), key=lambda lesson: lesson.place)


def find_lesson(name: str) -> Lesson | None:
    """The one of that name, if there is one."""
    return LESSONS.get(name)
