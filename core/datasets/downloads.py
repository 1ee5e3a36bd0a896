"""A download in the background that tells how far it is."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 20  # of silence on the connection; urllib itself would wait for ever


def in_background(
    download: Callable[[], None], lock: Path, bytes_so_far: Callable[[], int], total: int
) -> Iterator[tuple[int, int]]:
    """Runs `download` in a thread and yields (bytes so far, bytes in all) a few times a second until it is done.

    A second process that wants the same waits at the lock file for the first, so `download` has to look first whether
    anything is left to do. Raises what `download` raises. What it prints goes to standard error.
    """
    failures: list[Exception] = []
    thread = threading.Thread(target=_run, args=(download, lock, failures), name="download", daemon=True)
    thread.start()
    while thread.is_alive():
        yield min(bytes_so_far(), total), total
        thread.join(POLL_SECONDS)
    if failures:
        raise failures[0]
    yield total, total


def reason(error: Exception) -> str:
    """Why a download failed, in a few words for a sentence in brackets."""
    if "Name or service not known" in str(error) or "name resolution" in str(error) or "getaddrinfo" in str(error):
        return "no internet connection"
    if "invalid hash value" in str(error):
        return "the file arrived damaged or incomplete"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if lines else type(error).__name__
    return text.removeprefix("<urlopen error ").removesuffix(">")[:100]


def _run(download: Callable[[], None], lock: Path, failures: list[Exception]) -> None:
    from filelock import FileLock

    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(TIMEOUT_SECONDS)
        with FileLock(lock), contextlib.redirect_stdout(sys.stderr):  # type: ignore[attr-defined]
            download()
    except Exception as error:  # handed to the caller's thread
        failures.append(error)
