"""Deleted runs: moved into the trash beside the others, from where they are restored, or removed for good."""

from __future__ import annotations

import contextlib
from pathlib import Path

from core.errors import TrainDeskError
from core.files import remove_file
from core.machine.trash import NameTaken, Trash
from core.runs.example import refuse_example
from core.runs.placement import hand_over
from core.runs.queue import locked
from core.runs.store import Run, find_run, list_runs


def delete_run(run: Run) -> None:
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
        try:
            deleted = Run(Trash(runs_folder).put(run.id))
        except NameTaken as error:
            raise TrainDeskError(f"The trash holds another run {run.id}; restore or empty that one first.") from error
        except OSError as error:
            raise TrainDeskError(
                f"Run {run.id} cannot be moved to the trash ({error.strerror}); check the runs folder {runs_folder}."
            ) from error
        with contextlib.suppress(OSError):  # in the trash nobody starts it, and restoring it sees to this again
            remove_file(deleted.queue_place)
        with contextlib.suppress(OSError):
            hand_over(deleted.folder, "")  # the computer that may have it still has lost it


def restore_run(run_id: str, runs_folder: Path) -> Run:
    """Takes a run out of the trash, by its id or a unique beginning of it. It does not wait in the queue any more.

    Raises TrainDeskError when it is not there, when another has its name, or when it cannot be moved.
    """
    with locked(runs_folder):
        deleted = find_run(run_id, Trash(runs_folder).folder)
        refuse_example(deleted, "restored")
        try:
            remove_file(deleted.queue_place)
            return Run(Trash(runs_folder).take_out(deleted.id))
        except NameTaken as error:
            raise TrainDeskError(
                f"There is another run {deleted.id} in {runs_folder}; delete or rename its folder first."
            ) from error
        except OSError as error:
            raise TrainDeskError(
                f"Run {deleted.id} cannot be restored ({error.strerror}); check the runs folder {runs_folder}."
            ) from error


def deleted_runs(runs_folder: Path) -> list[Run]:
    """The runs in the trash, the one that was deleted last first."""
    trash = Trash(runs_folder)
    there = {run.id: run for run in list_runs(trash.folder)}
    return [there[name] for name in trash.names() if name in there]


def deleted_at(run: Run) -> float:
    """When a run in the trash was deleted, in Unix seconds."""
    return Trash(run.folder.parent.parent).time_of(run.id)


def empty_trash(runs_folder: Path, older_than: float = 0) -> int:
    """Removes for good what was deleted at least so many seconds ago. Returns the bytes that were freed.

    Raises TrainDeskError when something could not be removed, after all else was.
    """
    trash = Trash(runs_folder)
    if not trash.folder.is_dir():
        return 0
    with locked(runs_folder):  # held for the renaming alone: to remove gigabytes may take longer than others wait
        kept = trash.give_up(older_than)
    freed, problems = trash.remove()
    if problems := [*kept, *problems]:
        raise TrainDeskError(
            f"Not all of the trash could be removed ({problems[0].strerror}: {problems[0].filename}); "
            "check the rights of that folder and empty the trash again."
        )
    return freed
