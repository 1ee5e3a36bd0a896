"""Pictures whose days are over go, with every copy that this program made of them. Called again and again: what could not be
removed, as it was open or a run still trained, is removed the next time."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from core.datasets.corrections import forget_all
from core.export.kept import forget_made_of, forget_old
from core.files import read_json, remove_file, remove_folder
from core.image_sets.folders import NAME, forget_decoded, sets_folder
from core.image_sets.imports import list_jobs
from core.image_sets.keeping import all_erased, keeping_of, note_erased
from core.image_sets.kept_features import KeptFeatures
from core.machine.trash import Trash
from core.runs.snapshots import SnapshotStore
from core.runs.store import Run, list_runs


def erase_due(data_folder: Path, runs_folder: Path, today: date) -> list[str]:
    """Removes what is to go today or before: the ids of the datasets and imports that went. Never raises."""
    with contextlib.suppress(OSError):
        forget_old(runs_folder)
    gone = []
    for job in list_jobs(data_folder):
        if _is_due(job.folder, today):
            job.remove()  # a process that works on it ends by that
            gone.append(job.id)
    sets = sets_folder(data_folder)
    for folder in [*sets.glob("*"), *Trash(sets).folder.glob("*")]:
        if NAME.fullmatch(folder.name) and _is_due(folder, today):
            with contextlib.suppress(OSError):  # what cannot be noted is not begun
                note_erased(sets, folder.name, today)
                gone.append(folder.name)
    _erase_copies(all_erased(sets), data_folder, runs_folder)
    return gone


def _erase_copies(since: Mapping[str, float], data_folder: Path, runs_folder: Path) -> None:
    """Removes these datasets, here and in the trash, and what was copied from their pictures. `since`: id -> when it went, in
    Unix seconds."""
    sets = sets_folder(data_folder)
    for set_id in since:
        folders = [folder for folder in (sets / set_id, Trash(sets).folder / set_id) if folder.exists()]
        forget_decoded(set_id, data_folder)
        forget_all(set_id, data_folder)
        if folders:
            KeptFeatures(data_folder / "cache").forget_all()
        for folder in folders:
            remove_folder(folder)
    if not since:
        return
    for run in [*list_runs(runs_folder), *list_runs(Trash(runs_folder).folder)]:
        if (went := since.get(source_of(run))) and not run.status().is_active:
            with contextlib.suppress(OSError):
                remove_file(SnapshotStore(run).pictures)
                forget_made_of(runs_folder, run.id, before=went)


def source_of(run: Run) -> str:
    """The id of the dataset of own pictures that a run learns from; "" where it learns from others. Never raises."""
    config = read_json(run.config_file)
    dataset = config.get("dataset") if isinstance(config, dict) else None
    if not isinstance(dataset, dict) or dataset.get("name") != "own_images":
        return ""
    return str(dataset.get("source", ""))


def _is_due(folder: Path, today: date) -> bool:
    goes = keeping_of(folder).goes
    return goes is not None and goes <= today
