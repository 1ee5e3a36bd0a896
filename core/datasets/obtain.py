"""Getting a dataset's files into the data folder, with progress."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from core.datasets._base import DatasetError, DatasetSettings
from core.datasets.downloads import in_background, reason
from core.files import remove_file
from core.text.lists import listed


def obtain(dataset: DatasetSettings, data_folder: Path) -> Iterator[tuple[int, int]]:
    """Downloads what is missing and yields (bytes so far, bytes in all) a few times a second; nothing if all is there.

    A second process that wants the same files waits for the first. Raises DatasetError, one sentence, when it fails.
    """
    if _is_settled(dataset, data_folder):
        return
    total = dataset.info().download_bytes

    def download() -> None:
        if not dataset.is_present(data_folder):
            dataset.download(data_folder)

    def bytes_so_far() -> int:
        return sum(archive.stat().st_size for archive in dataset.archives(data_folder) if archive.exists())

    try:
        yield from in_background(download, data_folder / f".{dataset.name}.lock", bytes_so_far, total)
    except Exception as error:  # no connection, damaged archive, full disk
        _forget_archives(dataset, data_folder)  # else a damaged one would be taken for one that someone laid there
        raise DatasetError(
            f"{dataset.title()} could not be downloaded ({reason(error)}); connect to the internet and start "
            f"again, put {listed([archive.name for archive in dataset.archives(data_folder)])} into {data_folder}, "
            "or choose MNIST, which comes with the program."
        ) from error


def _is_settled(dataset: DatasetSettings, data_folder: Path) -> bool:
    """Whether all files are in their place now. An archive that a download left damaged is removed; raises DatasetError for a
    damaged one that someone laid there."""
    if not dataset.is_present(data_folder):
        return False
    try:
        dataset.settle(data_folder)
    except DatasetError:
        _forget_archives(dataset, data_folder)
        if dataset.is_present(data_folder):
            raise
        return False
    return True


def _forget_archives(dataset: DatasetSettings, data_folder: Path) -> None:
    for archive in dataset.archives(data_folder):
        with contextlib.suppress(OSError):
            remove_file(archive)
