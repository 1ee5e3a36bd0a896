"""What the checks of a lesson may look at: the visitor's own runs and answers."""

from __future__ import annotations

from core.lessons import Seen
from core.lessons.progress import Attempt, seen_by
from core.paths import data_folder, runs_folder
from pages.components.shell.histories import summaries
from pages.components.shell.rights import visitor


def seen_in(attempt: Attempt) -> Seen:
    """Since this attempt was begun."""
    return seen_by(attempt, summaries(), runs_folder(), data_folder(), visitor())
