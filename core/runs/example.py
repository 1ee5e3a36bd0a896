"""The example: a finished run that comes with the program, so that nothing is empty at the first start.

It lies in the program's own folder, whichever folder holds the runs, and nobody writes into it: it cannot be renamed, queued or
deleted, only hidden. Its id opens it wherever an id of a run does. `python -m docs.example` makes it anew.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import TrainDeskError
from core.paths import example_folder
from core.runs.store import Run
from core.runs.workspace import read_setting, write_setting

HIDDEN = "example_hidden"


def example() -> Run | None:
    """The example, if this copy of the program has it."""
    run = Run(example_folder())
    return run if run.config_file.is_file() else None


def listed_example(runs_folder: Path) -> Run | None:
    """The example, unless people have hidden it from the lists of this runs folder."""
    return None if is_hidden(runs_folder) else example()


def is_hidden(runs_folder: Path) -> bool:
    """Whether lists leave it out."""
    return read_setting(runs_folder, HIDDEN, 0) != 0


def hide(runs_folder: Path, hidden: bool = True) -> None:
    """Leaves it out of the lists of this runs folder, or shows it again. Raises TrainDeskError."""
    write_setting(runs_folder, HIDDEN, int(hidden))


def refuse_example(run: Run, what: str) -> None:
    """Raises TrainDeskError for the example; `what` is a participle, "renamed"."""
    if run.is_example():
        raise TrainDeskError(
            f"Run {run.id} is the example that comes with TrainDesk and cannot be {what}; hide it, or train its settings again."
        )
