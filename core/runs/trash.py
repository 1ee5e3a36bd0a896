"""Deleted runs: moved into a folder beside the others, from where they are restored, or removed for good."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path

from core.errors import TrainDeskError
from core.runs.disk import folder_size
from core.runs.example import refuse_example
from core.runs.queue import locked
from core.runs.store import Run, find_run, list_runs

TRASH = ".trash"
GOING = ".going-"  # begins the names of what is being removed for good: it is restored no more
MARK = "deleted"  # a file whose time is that of the deletion


def delete(run: Run) -> None:
    """Moves a run to the trash; one that waits leaves the queue.

    Raises TrainDeskError when it is being trained, is not there, or cannot be moved.
    """
    refuse_example(run, "deleted")
    runs_folder = run.folder.parent
    with locked(runs_folder):  # or a dispatcher might start it at this moment
        if run.folder.is_symlink():
            raise TrainDeskError(f"Run {run.id} is a link to another folder; remove the link by hand.")
        if not run.folder.is_dir():
            raise TrainDeskError(f"Run {run.id} is not in {runs_folder} any more; it was deleted or moved.")
        if run.status().is_active:
            raise TrainDeskError(f"Run {run.id} is being trained; stop it before you delete it.")
        trashed_run = Run(runs_folder / TRASH / run.id)
        if trashed_run.folder.exists():
            raise TrainDeskError(f"The trash holds another run {run.id}; restore or empty that one first.")
        try:
            trashed_run.folder.parent.mkdir(exist_ok=True)
            with contextlib.suppress(OSError):  # on a full disk it can still be moved
                (run.folder / MARK).touch()
            os.replace(run.folder, trashed_run.folder)
        except OSError as error:
            raise TrainDeskError(
                f"Run {run.id} cannot be moved to the trash ({error.strerror}); check the runs folder {runs_folder}."
            ) from error
        with contextlib.suppress(OSError):  # in the trash nobody starts it, and restoring it sees to this again
            trashed_run.queue_place.unlink(missing_ok=True)


def restore(run_id: str, runs_folder: Path) -> Run:
    """Takes a run out of the trash, by its id or a unique beginning of it. It does not wait in the queue any more.

    Raises TrainDeskError when it is not there, when another has its name, or when it cannot be moved.
    """
    with locked(runs_folder):
        trashed_run = find_run(run_id, runs_folder / TRASH)
        refuse_example(trashed_run, "restored")
        run = Run(runs_folder / trashed_run.id)
        if run.folder.exists():
            raise TrainDeskError(f"There is another run {run.id} in {runs_folder}; delete or rename its folder first.")
        try:
            trashed_run.queue_place.unlink(missing_ok=True)
            os.replace(trashed_run.folder, run.folder)
        except OSError as error:
            raise TrainDeskError(
                f"Run {run.id} cannot be restored ({error.strerror}); check the runs folder {runs_folder}."
            ) from error
        with contextlib.suppress(OSError):
            (run.folder / MARK).unlink(missing_ok=True)
    return run


def trashed(runs_folder: Path) -> list[Run]:
    """The runs in the trash, the one that was deleted last first."""
    return sorted(list_runs(runs_folder / TRASH), key=lambda run: (deleted_at(run), run.id), reverse=True)


def deleted_at(run: Run) -> float:
    """When a run in the trash was deleted, in Unix seconds."""
    for path in (run.folder / MARK, run.folder):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def empty(runs_folder: Path, older_than: float = 0) -> int:
    """Removes for good what was deleted at least so many seconds ago. Returns the bytes that were freed.

    Raises TrainDeskError when something could not be removed, after all else was.
    """
    trash = runs_folder / TRASH
    if not trash.is_dir():
        return 0
    problems: list[OSError] = []
    with locked(runs_folder):  # held for the renaming alone: to remove gigabytes may take longer than others wait
        for path in _entries(trash):
            if not path.name.startswith(GOING) and time.time() - deleted_at(Run(path)) >= older_than:
                try:
                    os.replace(path, path.with_name(GOING + secrets.token_hex(4)))
                except OSError as error:
                    problems.append(error)
    freed = 0
    for path in _entries(trash):
        if path.name.startswith(GOING):  # also what a process left that was killed at this
            before = folder_size(path)
            _remove(path, problems)
            freed += before - folder_size(path)
    if problems:
        raise TrainDeskError(
            f"Not all of the trash could be removed ({problems[0].strerror}: {problems[0].filename}); "
            "check the rights of that folder and empty the trash again."
        )
    return freed


def _entries(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _remove(path: Path, problems: list[OSError]) -> None:
    def note(_: object, __: object, failure: tuple) -> None:
        if not isinstance(failure[1], FileNotFoundError):  # another process empties the trash as well
            problems.append(failure[1])

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=note)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            problems.append(error)
