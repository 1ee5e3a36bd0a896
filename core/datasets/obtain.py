"""Getting a dataset's files into the data folder, with progress."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from core.datasets._base import DatasetError, DatasetSettings

POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 20  # of silence on the connection; torchvision itself would wait for ever


def obtain(dataset: DatasetSettings, data_folder: Path) -> Iterator[tuple[int, int]]:
    """Downloads what is missing and yields (bytes so far, bytes in all) a few times a second; nothing if all is there.

    A second process that wants the same files waits for the first. Raises DatasetError, one sentence, when it fails.
    """
    if dataset.is_present(data_folder):
        return
    failures: list[Exception] = []
    thread = threading.Thread(target=_download, args=(dataset, data_folder, failures), daemon=True)
    thread.start()
    total = dataset.info().download_bytes
    while thread.is_alive():
        yield min(_bytes_so_far(dataset, data_folder), total), total
        thread.join(POLL_SECONDS)
    if failures:
        raise DatasetError(
            f"{dataset.label} could not be downloaded ({_reason(failures[0])}); connect to the internet and start "
            f"again, copy its files into {data_folder}, or choose 'Handwritten digits', which needs no internet."
        ) from failures[0]
    yield total, total


def _download(dataset: DatasetSettings, data_folder: Path, failures: list[Exception]) -> None:
    from filelock import FileLock

    try:
        data_folder.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(TIMEOUT_SECONDS)
        with FileLock(data_folder / f".{dataset.name}.lock"), contextlib.redirect_stdout(sys.stderr):  # type: ignore[attr-defined]
            if not dataset.is_present(data_folder):
                dataset.download(data_folder)
    except Exception as error:  # handed to the caller's thread, which raises it as one sentence
        failures.append(error)


def _bytes_so_far(dataset: DatasetSettings, data_folder: Path) -> int:
    return sum(archive.stat().st_size for archive in dataset.archives(data_folder) if archive.exists())


def _reason(error: Exception) -> str:
    if "Name or service not known" in str(error) or "name resolution" in str(error) or "getaddrinfo" in str(error):
        return "no internet connection"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if lines else type(error).__name__
    return text.removeprefix("<urlopen error ").removesuffix(">")[:100]
