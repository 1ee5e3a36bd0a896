"""What people upload: single pictures and ZIPs of thousands, each read once."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.images.read import SUFFIXES, read_image
from pages.components.networks import PLAINLY, Network, prepared_by
from pages.components.tiles import thumbnail

MOST = 5000  # pictures at a time
MOST_BYTES = 500_000_000  # that a ZIP may hold, unpacked
BATCH = 50  # pictures between two moves of the progress bar
READ = "uploads as they were read"


@dataclass(frozen=True)
class Picture:
    """One uploaded picture."""

    name: str
    place: tuple[int, str]  # which of the files, and which entry of it, if that is a ZIP
    small: str  # a data address
    prepared: list[np.ndarray | None]  # in each network's form


@dataclass(frozen=True)
class Uploads:
    """All that was uploaded; `key` is another text for other files, networks or ways of preparing."""

    key: str
    pictures: list[Picture] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)  # (name, sentence)


def read_all(files: Sequence[Any], networks: Sequence[Network]) -> Uploads:
    """Every picture that can be read; one that cannot does not keep the others from being answered. Kept for the visitor."""
    what = [*(file.file_id for file in files), *(network.run.id for network in networks), st.session_state.get(PLAINLY)]
    key = hashlib.sha256(repr(what).encode()).hexdigest()[:16]
    known = st.session_state.get(READ)
    if known is None or known.key != key:
        known = st.session_state[READ] = _read(key, files, networks)
    return known


def original(files: Sequence[Any], picture: Picture) -> Image.Image:
    """The picture as it was uploaded. Raises ImageError."""
    file, entry = files[picture.place[0]], picture.place[1]
    if not entry:
        return read_image(file.getvalue(), picture.name)
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        return read_image(archive.read(entry), picture.name)


def _read(key: str, files: Sequence[Any], networks: Sequence[Network]) -> Uploads:
    found = Uploads(key)
    bar = st.progress(0.0, text="Reading the pictures ...") if len(files) > BATCH or any(map(_is_zip, files)) else None
    for done, (name, place, data, total) in enumerate(_contents(files, found.failed), start=1):
        try:
            image = read_image(data, name)
            prepared = prepared_by(networks, image)
            if prepared[0] is None:
                raise ImageError(f"There is nothing to be seen in '{name}'; choose a picture with something in it.")
            found.pictures.append(Picture(name, place, thumbnail(image), prepared))
        except ImageError as error:
            found.failed.append((name, str(error)))
        if bar and done % BATCH == 0:
            bar.progress(min(1.0, done / max(1, total)), text=f"{done:,} of {total:,} pictures")
    if bar:
        bar.empty()
    return found


def _contents(files: Sequence[Any], failed: list[tuple[str, str]]) -> Iterator[tuple[str, tuple[int, str], bytes, int]]:
    """(name, place, bytes, number of pictures in all), what lies in ZIPs too; at most MOST."""
    given = 0
    for number, file in enumerate(files):
        if not _is_zip(file):
            given += 1
            yield file.name, (number, ""), file.getvalue(), len(files)
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
                entries = [entry for entry in archive.infolist() if _is_picture(entry)]
                if sum(entry.file_size for entry in entries) > MOST_BYTES:
                    size = f"{MOST_BYTES / 1e6:.0f} MB"
                    failed.append((file.name, f"'{file.name}' unpacks to more than {size}; choose a smaller one."))
                    continue
                if given + len(entries) > MOST:
                    first = f"the first {MOST - given:,} are read."
                    failed.append((file.name, f"'{file.name}' holds {len(entries):,} pictures; {first}"))
                for entry in entries[: MOST - given]:
                    given += 1
                    with archive.open(entry) as stream:
                        data = stream.read(entry.file_size)
                    yield PurePosixPath(entry.filename).name, (number, entry.filename), data, len(entries)
                if not entries:
                    failed.append((file.name, f"There are no pictures in '{file.name}'."))
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
            failed.append((file.name, f"'{file.name}' is no ZIP that can be read; pack it anew without a password."))


def _is_picture(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not entry.is_dir() and not hidden and path.suffix.lower().lstrip(".") in SUFFIXES


def _is_zip(file: Any) -> bool:
    return file.name.lower().endswith(".zip")
