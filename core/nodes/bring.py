"""Brings to this computer what a run needs and is not here yet: by content, in chunks, going on where it was cut, checked."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.files import remedy, remove_file, remove_folder, replace_file
from core.nodes.digests import Content, Digests
from core.nodes.parcels import KINDS, UNUSED_SECONDS, Parcel, forget_unused, link_or_copy, sizes
from core.nodes.shelf import CHUNK
from core.runs.brought import Brought, write_brought
from core.text.numbers import bytes_in_words

Fetch = Callable[[str, int, int], bytes]  # digest, offset, length -> so many bytes or fewer, at least one
Progress = Callable[[str, int, int], None]  # what is on its way, bytes of all files that are here now, bytes in all
COMING = ".coming"  # the folder of files that are not whole yet, each named by its digest
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
INTERVAL = 1.0  # seconds between two words while another run fetches the same


class CutOff(TrainDeskError):
    """The other computer could not be reached; the next call of `bring` goes on at the same byte."""


def bring(
    parcels: Iterable[Parcel],
    data_folder: Path,
    run_folder: Path,
    runs_folder: Path,
    fetch: Fetch,
    progress: Progress | None = None,
) -> None:
    """Has every parcel in its place when it returns, and says in the run's folder what was brought for it.

    A file that is here is not fetched, one that another run fetches is waited for. What `fetch` or `progress` raise ends it,
    an OSError of `fetch` (as those of connections are) as CutOff; the next call goes on at the same byte. Raises TrainDeskError
    for a full disk, a file that twice arrived damaged and a place that is none.
    """
    wanted = [Parcel.from_dict(parcel.to_dict()) for parcel in parcels]
    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        digests = Digests(runs_folder)
        forget_unused(data_folder)
        forget_cut_off(data_folder)
        bringing = _Bringing(data_folder, run_folder, digests, fetch, progress or (lambda *_: None), sizes(wanted))
        missing = [parcel for parcel in wanted if not bringing.is_here(parcel)]
        bringing.check_room(missing)
        bringing.done = bringing.total - sizes(missing)
        for parcel in missing:
            bringing.place(parcel)
        remove_folder(run_folder / COMING)
        for folder in {bringing.target(parcel).parent for parcel in wanted if parcel.path.partition("/")[0] in KINDS}:
            os.utime(folder)  # it was used
        write_brought(run_folder, _brought(wanted))
    except OSError as error:
        raise TrainDeskError(
            f"What the run needs could not be kept ({error.strerror or error}: {error.filename}); {remedy(error)}."
        ) from error


def forget_cut_off(data_folder: Path) -> None:
    """Removes what was begun to be fetched long ago."""
    for path in (data_folder / COMING).glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > UNUSED_SECONDS:
                remove_file(path)


def _brought(parcels: list[Parcel]) -> Brought:
    folders: dict[str, Any] = {}
    for parcel in parcels:
        kind, _, rest = parcel.path.partition("/")
        if parcel.root == "data" and kind in KINDS:
            folders[kind] = rest.partition("/")[0]
    return Brought(**folders)


@dataclass
class _Bringing:
    """One call of `bring`."""

    data_folder: Path
    run_folder: Path
    digests: Digests
    fetch: Fetch
    progress: Progress
    total: int  # bytes of all parcels
    done: int = 0  # bytes of those that are in their place

    def target(self, parcel: Parcel) -> Path:
        """Where it belongs. Raises TrainDeskError where a link leads out of the folder."""
        root = self.data_folder if parcel.root == "data" else self.run_folder
        path = root
        for part in parcel.path.split("/"):
            path = path / part
            if path.is_symlink():
                raise TrainDeskError(f"{path} is a link to another place; what is brought is not written through it.")
        return path

    def is_here(self, parcel: Parcel) -> bool:
        """Whether the very file lies in its place."""
        path = self.target(parcel)
        with contextlib.suppress(OSError):
            return path.stat().st_size == parcel.size and self.digests.of(path).digest == parcel.digest
        return False

    def check_room(self, missing: list[Parcel]) -> None:
        """Raises TrainDeskError when the disk has no room for them."""
        self.data_folder.mkdir(parents=True, exist_ok=True)
        begun = {part: part.stat().st_size for each in missing if (part := self._part(each)).is_file()}
        needed = sizes(missing) - sum(begun.values())
        if missing and (free := shutil.disk_usage(self.data_folder).free) < needed:
            raise self._no_room(missing[0], needed, free)

    def place(self, parcel: Parcel) -> None:
        """Brings one file that is not here."""
        path, part = self.target(parcel), self._part(parcel)
        path.parent.mkdir(parents=True, exist_ok=True)
        part.parent.mkdir(exist_ok=True)
        with self._turn(parcel, part):
            if not self.is_here(parcel) and not self._taken_from_here(parcel, path):
                self._fetched(parcel, part)
                replace_file(part, path)
            if parcel.root == "data":  # it never changes from now on
                self.digests.note(path, Content(parcel.digest, parcel.size, path.stat().st_mtime_ns), stays=True)
        self._tell(parcel, parcel.size)
        self.done += parcel.size

    def _part(self, parcel: Parcel) -> Path:
        """Where its bytes gather, on the disk where it belongs; runs that want the same of the data folder share it."""
        folder = self.data_folder if parcel.root == "data" else self.run_folder
        return folder / COMING / f"{parcel.digest}.part"

    @contextlib.contextmanager
    def _turn(self, parcel: Parcel, part: Path) -> Iterator[None]:
        """Alone with the file: the first of several that want it fetches it. One lock for each two digits, which never go."""
        lock = FileLock(part.with_name(f"{parcel.digest[:2]}.lock"))
        while True:
            try:
                lock.acquire(timeout=INTERVAL)
                break
            except Timeout:
                self._tell(parcel, part.stat().st_size if part.is_file() else 0)
        try:
            yield
        finally:
            lock.release()

    def _tell(self, parcel: Parcel, of_it: int) -> None:
        self.progress(parcel.what, min(self.total, self.done + of_it), self.total)

    def _taken_from_here(self, parcel: Parcel, path: Path) -> bool:
        """Whether a file of another place on this computer holds it, and was laid here."""
        for copy in self.digests.copies(parcel.digest):
            is_ours = parcel.root == "data" and copy.is_relative_to(self.data_folder)  # such a file is never written to
            with contextlib.suppress(OSError):
                link_or_copy(copy, path, link=is_ours)
                if is_ours or _digest_of(path).hexdigest() == parcel.digest:
                    return True
        return False

    def _fetched(self, parcel: Parcel, part: Path) -> None:
        """Has the whole file in `part`. Raises TrainDeskError when it is damaged twice, or the disk is full."""
        for _ in range(2):
            try:
                if self._fetch_rest(parcel, part) == parcel.digest:
                    return
            except OSError as error:
                if error.errno not in FULL:
                    raise
                remove_file(part)  # others need the room
                raise self._no_room(parcel, parcel.size, shutil.disk_usage(part.parent).free) from error
            remove_file(part)
        raise TrainDeskError(
            f"{parcel.what.capitalize()} arrived damaged twice ('{parcel.path}' has another SHA-256 than was said); "
            "check the network and start the run again."
        )

    def _fetch_rest(self, parcel: Parcel, part: Path) -> str:
        """Adds to the bytes that are here until there are as many as there are to be; the SHA-256 of them all."""
        digest = _digest_of(part) if part.is_file() else hashlib.sha256()
        with part.open("ab") as file:
            while (begun := file.tell()) < parcel.size:
                length = min(CHUNK, parcel.size - begun)
                try:
                    data = self.fetch(parcel.digest, begun, length)
                except OSError as error:
                    raise CutOff(
                        f"The connection broke while {parcel.what} came ({bytes_in_words(begun)} of "
                        f"{bytes_in_words(parcel.size)} are here); it goes on from there when it is back."
                    ) from error
                if not 0 < len(data) <= length:
                    raise TrainDeskError(
                        f"The other computer sent {len(data):,} bytes of '{parcel.path}' where {length:,} were asked for; "
                        "start the run again."
                    )
                file.write(data)
                file.flush()
                digest.update(data)
                self._tell(parcel, begun + len(data))
            os.fsync(file.fileno())
        return digest.hexdigest()

    def _no_room(self, parcel: Parcel, needed: int, free: int) -> TrainDeskError:
        return TrainDeskError(
            f"There is no room for {parcel.what}: {bytes_in_words(needed)} are needed and {bytes_in_words(free)} are free on the "
            f"disk of {self.data_folder}; free some space there."
        )


def _digest_of(path: Path) -> Any:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")
