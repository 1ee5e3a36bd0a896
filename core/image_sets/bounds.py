"""How many imports and bytes one guest of a shared dashboard may have, so that there is room for all. The host has no bounds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from core.files import folder_size
from core.image_sets.folders import deleted_datasets, list_datasets
from core.image_sets.imports import Job, imports_folder, list_jobs, new_job
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.text.numbers import bytes_in_words

IMPORTS = 3  # of each guest that are read, or wait to be kept
BYTES = 10_000_000_000  # that the imports and datasets of each guest may take, those in the trash too
PATIENCE = 60.0  # seconds for the lock; folders of many pictures take some to be added up


def new_guest_job(data_folder: Path, owner: str, size: int) -> Job:
    """`new_job` for someone who brings so many bytes. Raises OwnDataError, also when they have too much already."""
    with _one_at_a_time(data_folder):
        mine = [job for job in list_jobs(data_folder) if job.owner == owner]
        if len(mine) >= IMPORTS:
            raise OwnDataError(
                f"You have {len(mine)} imports that are not kept yet; each guest may have {IMPORTS} at once, so keep or remove "
                "one first."
            )
        sets = [*list_datasets(data_folder), *deleted_datasets(data_folder)]
        folders = [job.folder for job in mine] + [each.folder for each in sets if _owner(each) == owner]
        used = sum(map(folder_size, folders))
        if used + size > BYTES:
            raise OwnDataError(
                f"Your pictures take {bytes_in_words(used)} and these would add {bytes_in_words(size)}; each guest may keep "
                f"{bytes_in_words(BYTES)}, so bring fewer, or ask the host to empty the trash after you delete some."
            )
        return new_job(data_folder, owner)


@contextlib.contextmanager
def _one_at_a_time(data_folder: Path) -> Iterator[None]:
    """Ten tabs at once count each other. Where nothing can be locked nothing can be kept either, which `new_job` says."""
    lock = FileLock(imports_folder(data_folder) / ".lock")
    with contextlib.suppress(OSError):
        imports_folder(data_folder).mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise OwnDataError("Others are bringing pictures at this moment; try again in a minute.") from None
    try:
        yield
    finally:
        lock.release()


def _owner(dataset: OwnDataset) -> str:
    try:
        return dataset.about("owner")
    except OwnDataError:
        return ""
