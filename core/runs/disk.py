"""The disk under the runs: what a run takes, what is free, and making room."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from core.errors import TrainDeskError
from core.files import remove_file
from core.runs.placement import placement_of
from core.runs.queue import locked
from core.runs.store import Run
from core.text.numbers import bytes_in_words

LOW = 2_000_000_000  # bytes free; people are warned below it
FULL = 300_000_000  # no new run below it: the checkpoints of a large network take as much while they are replaced


def disk_usage(runs_folder: Path) -> shutil._ntuple_diskusage | None:
    """Bytes in all, used and free for this user (`total`, `used`, `free`) of its disk; None when that cannot be found out."""
    for folder in (runs_folder, *runs_folder.parents):  # one that is not made yet will lie on its parent's disk
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder)
    return None


def disk_problem(runs_folder: Path) -> str:
    """Why no new run should be started, in one sentence; empty when there is room."""
    if (usage := disk_usage(runs_folder)) is None:
        return f"The disk of the runs folder {runs_folder} cannot be read; check that it is there."
    if usage.free >= FULL:
        return ""
    return (
        f"Only {bytes_in_words(usage.free)} are free on the disk of {runs_folder} and a new run needs {bytes_in_words(FULL)}; "
        "empty the trash or delete what you do not need."
    )


def disk_warning(runs_folder: Path) -> str:
    """What people should know of a disk that gets full, or is; empty when there is plenty."""
    usage = disk_usage(runs_folder)
    if usage is None or not FULL <= usage.free < LOW:
        return disk_problem(runs_folder)
    return (
        f"Only {bytes_in_words(usage.free)} are free on the disk of {runs_folder}, and below {bytes_in_words(FULL)} no "
        "new run starts; empty the trash or delete what you do not need."
    )


def forget_last(run: Run) -> int:
    """Removes `last.pt`, so that only the best network is kept; what was freed, in bytes.

    From then on there is nothing to go on from: resumed, the run starts anew. Raises TrainDeskError when it is being
    trained or waits for that, when it has no `best.pt`, or when the file cannot be removed.
    """
    with locked(run.folder.parent):
        status = run.status()
        if status.is_active:
            raise TrainDeskError(f"Run {run.id} is being trained; stop it before you remove its last checkpoint.")
        if status.name == "queued":
            raise TrainDeskError(f"Run {run.id} waits in the queue; take it out before you remove its last checkpoint.")
        if (placement := placement_of(run.folder)).is_elsewhere:
            raise TrainDeskError(
                f"Run {run.id} is on {placement.computer} and its files are still on their way; remove its last checkpoint later."
            )
        if not run.best.is_file():
            raise TrainDeskError(
                f"Run {run.id} has no best checkpoint yet; its last one is all there is, so it is kept."
            )
        try:
            size = run.last.stat().st_size
            remove_file(run.last)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise TrainDeskError(
                f"The last checkpoint of run {run.id} cannot be removed ({error.strerror}); check its folder."
            ) from error
    return size
