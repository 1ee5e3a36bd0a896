"""What people upload: single pictures and ZIPs of thousands, each read once.

A page keeps little of them: names, thumbnails and where each lies. Prepared pixels, which are 150 KB of a photo for each network,
go into a file that has no name and ends with the page.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.image_sets.sources import codec_of_names, decoded_name
from core.images.read import SUFFIXES, read_image
from core.text.numbers import bytes_in_words
from pages.components.classify.browser import thumbnail
from pages.components.classify.networks import PLAINLY, Network, prepared_by

MOST = 5000  # pictures at a time
MOST_BYTES = 500_000_000  # that a ZIP may hold, unpacked
BATCH = 50  # pictures between two moves of the progress bar
READ = "uploads as they were read"
DAMAGED = (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError)  # of zipfile

Place = tuple[int, str]  # which of the files, and which entry of it, if that is a ZIP


@dataclass(frozen=True)
class Picture:
    """One uploaded picture."""

    name: str  # with the folders it lies in
    place: Place
    small: str  # a data address


@dataclass(frozen=True)
class Failed:
    """A file that could not be read; `place` is where its bytes are, if they can be had."""

    name: str
    sentence: str
    place: Place | None = None


class Forms:
    """Pictures in a network's own form, uint8 (C, H, W), by row; None where there is nothing to be seen. Kept on the disk."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - gone with this object
        self._lock = threading.Lock()
        self._places: list[int] = []  # bytes before it, -1 for None
        self._end = 0
        self._shape: tuple[int, ...] = ()

    def append(self, form: np.ndarray | None) -> None:
        """The next picture, uint8 (C, H, W), or None where there is nothing to be seen. Raises OSError."""
        self._places.append(-1 if form is None else self._end)
        if form is not None:
            self._shape = form.shape
            self._file.seek(self._end)
            self._end += self._file.write(np.ascontiguousarray(form).tobytes())

    def __getitem__(self, row: int) -> np.ndarray | None:
        if self._places[row] < 0:
            return None
        with self._lock:
            self._file.seek(self._places[row])
            data = self._file.read(int(np.prod(self._shape)))
        return np.frombuffer(data, np.uint8).reshape(self._shape)


@dataclass(frozen=True)
class Uploads:
    """All that was uploaded; `key` is another text for other files, networks or ways of preparing."""

    key: str
    forms: list[Forms]  # of each network
    pictures: list[Picture] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def prepared(self, row: int) -> list[np.ndarray | None]:
        """A picture in each network's form, uint8 (C, H, W)."""
        return [each[row] for each in self.forms]


class Contents:
    """The files as they were uploaded, by place."""

    def __init__(self, files: Sequence[Any]):
        self._files = files
        self._opened: dict[int, zipfile.ZipFile] = {}

    def __getitem__(self, place: Place) -> bytes:
        """Raises what a damaged ZIP raises (DAMAGED)."""
        number, entry = place
        if not entry:
            return self._files[number].getvalue()
        return self.archive(number).read(entry)

    def archive(self, number: int) -> zipfile.ZipFile:
        """The ZIP at that place, opened once. Raises BadZipFile, OSError."""
        if number not in self._opened:
            self._opened[number] = zipfile.ZipFile(io.BytesIO(self._files[number].getvalue()))  # shares the bytes
        return self._opened[number]

    @cached_property
    def are_several(self) -> bool:
        """More than one ZIP, so that a folder's name alone would not tell where a picture lies."""
        return sum(map(is_zip, self._files)) > 1


def read_all(files: Sequence[Any], networks: Sequence[Network]) -> Uploads:
    """Every picture that can be read; one that cannot does not keep the others from being answered. Kept for the visitor."""
    what = [*(file.file_id for file in files), *(network.run.id for network in networks), st.session_state.get(PLAINLY)]
    key = hashlib.sha256(repr(what).encode()).hexdigest()[:16]
    known = st.session_state.get(READ)
    if known is None or known.key != key:
        st.session_state.pop(READ, None)  # before the next: both at once would be twice as much
        known = st.session_state[READ] = _read(key, files, networks)
    return known


def original(files: Sequence[Any], picture: Picture) -> Image.Image:
    """The picture as it was uploaded. Raises ImageError."""
    return read_image(Contents(files)[picture.place], picture.name)


def _read(key: str, files: Sequence[Any], networks: Sequence[Network]) -> Uploads:
    found = Uploads(key, [Forms() for _ in networks])
    bar = st.progress(0.0, text="Reading the pictures ...") if len(files) > BATCH or any(map(is_zip, files)) else None
    contents = Contents(files)
    for done, (name, place, total) in enumerate(_listed(files, contents, found.failed), start=1):
        try:
            image = read_image(contents[place], name)
            prepared = prepared_by(networks, image)
            if prepared[0] is None:
                raise ImageError(f"There is nothing to be seen in '{name}'; choose a picture with something in it.")
            small = thumbnail(image)
        except ImageError as error:
            found.failed.append(Failed(name, str(error), place))
            continue
        except DAMAGED:
            found.failed.append(Failed(name, f"'{name}' cannot be unpacked; pack it again."))
            continue
        try:
            for forms, form in zip(found.forms, prepared, strict=True):
                forms.append(form)
        except OSError as error:
            left = f"{total - done + 1:,} pictures are left out"
            found.failed.append(
                Failed("", f"There is no room for prepared pictures ({error.strerror}); {left}: free some space.")
            )
            break
        found.pictures.append(Picture(name, place, small))
        if bar and done % BATCH == 0:
            bar.progress(min(1.0, done / max(1, total)), text=f"{done:,} of {total:,} pictures")
    if bar:
        bar.empty()
    return found


def _listed(files: Sequence[Any], contents: Contents, failed: list[Failed]) -> Iterator[tuple[str, Place, int]]:
    """(name, place, number of pictures in all), what lies in ZIPs too; at most MOST."""
    given = 0
    for number, file in enumerate(files):
        if not is_zip(file):
            if given == MOST:
                failed.append(
                    Failed(file.name, f"More than {MOST:,} pictures were chosen; the first {MOST:,} are read.")
                )
                return
            given += 1
            yield file.name, (number, ""), len(files)
            continue
        try:
            infos = contents.archive(number).infolist()
            codec, _ = codec_of_names(infos)
        except DAMAGED:
            failed.append(Failed(file.name, f"'{file.name}' is no ZIP that can be read; pack it anew."))
            continue
        entries = [(decoded_name(info, codec).replace("\\", "/"), info) for info in infos]
        entries = [(name, info) for name, info in entries if not info.is_dir() and _is_picture(name)]
        if not entries:
            failed.append(Failed(file.name, f"There are no pictures in '{file.name}'."))
        elif any(info.flag_bits & 1 for _, info in entries):
            failed.append(
                Failed(file.name, f"'{file.name}' is no ZIP that can be read; pack it anew without a password.")
            )
            continue
        elif sum(info.file_size for _, info in entries) > MOST_BYTES:
            size = bytes_in_words(MOST_BYTES)
            failed.append(Failed(file.name, f"'{file.name}' unpacks to more than {size}; choose a smaller one."))
            continue
        elif given + len(entries) > MOST:
            first = f"the first {MOST - given:,} are read."
            failed.append(Failed(file.name, f"'{file.name}' holds {len(entries):,} pictures; {first}"))
        for name, info in entries[: MOST - given]:
            given += 1
            yield f"{file.name}/{name}" if contents.are_several else name, (number, info.filename), len(entries)


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower().lstrip(".") in SUFFIXES


def is_zip(file: Any) -> bool:
    """By its name; what is in it is seen when it is opened."""
    return file.name.lower().endswith(".zip")
