"""The desk's files that other computers may fetch, by what is in them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable

from core.errors import TrainDeskError
from core.files import opened
from core.nodes.parcels import Parcel

CHUNK = 8 * 2**20  # bytes at most that are sent at a time


class Shelf:
    """What is offered for runs that were given away. Safe to be used by several threads."""

    def __init__(self) -> None:
        self._offered: dict[str, dict[str, Parcel]] = {}  # run -> digest -> parcel
        self._guard = threading.Lock()

    def offer(self, run_id: str, parcels: Iterable[Parcel]) -> None:
        """What `needs` said of a run may be fetched from now on, and what was offered for it before no more."""
        with self._guard:
            self._offered[run_id] = {parcel.digest: parcel for parcel in parcels}

    def withdraw(self, run_id: str) -> None:
        """Nothing is fetched for this run any more."""
        with self._guard:
            self._offered.pop(run_id, None)

    def read(self, digest: str, offset: int, length: int, run_ids: Iterable[str] | None = None) -> bytes:
        """Bytes of an offered file, at most CHUNK, none after its end. `run_ids` are those whose files the asker may have.

        Raises TrainDeskError when it is not offered or has changed; then `needs` has to be asked anew.
        """
        with self._guard:
            runs = self._offered if run_ids is None else set(run_ids) & self._offered.keys()
            found = [self._offered[run][digest] for run in runs if digest in self._offered[run]]
        if not found or offset < 0 or length < 0:
            raise TrainDeskError(f"There is no file {str(digest)[:12]} for this computer; ask for its runs anew.")
        for parcel in found:
            if (data := _read(parcel, offset, min(length, CHUNK))) is not None:
                return data
        raise TrainDeskError(f"{found[0].source} has changed since it was offered; ask for the run's files anew.")


def _read(parcel: Parcel, offset: int, length: int) -> bytes | None:
    """None when the file is gone or is another one."""
    try:
        with opened(parcel.source) as file:
            file.seek(offset)
            data = file.read(length)
            facts = os.fstat(file.fileno())
    except OSError:
        return None
    return data if (facts.st_size, facts.st_mtime_ns) == (parcel.size, parcel.changed) else None
