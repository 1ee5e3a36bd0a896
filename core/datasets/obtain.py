"""Getting a dataset's files into the data folder, with progress."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.datasets._base import DatasetError, DatasetSettings
from core.downloads import in_background, reason


def obtain(dataset: DatasetSettings, data_folder: Path) -> Iterator[tuple[int, int]]:
    """Downloads what is missing and yields (bytes so far, bytes in all) a few times a second; nothing if all is there.

    A second process that wants the same files waits for the first. Raises DatasetError, one sentence, when it fails.
    """
    if dataset.is_present(data_folder):
        return
    total = dataset.info().download_bytes

    def download() -> None:
        if not dataset.is_present(data_folder):
            dataset.download(data_folder)

    lock = data_folder / f".{dataset.name}.lock"
    try:
        yield from in_background(download, lock, lambda: _bytes_so_far(dataset, data_folder), total)
    except Exception as error:  # no connection, damaged archive, full disk
        raise DatasetError(
            f"{dataset.title()} could not be downloaded ({reason(error)}); connect to the internet and start "
            f"again, copy its files into {data_folder}, or choose MNIST, which comes with the program."
        ) from error


def _bytes_so_far(dataset: DatasetSettings, data_folder: Path) -> int:
    return sum(archive.stat().st_size for archive in dataset.archives(data_folder) if archive.exists())
