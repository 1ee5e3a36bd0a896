"""A dataset as a ZIP that can be imported again: a folder for each split and in it one for each class.

The comment of the ZIP says that these folders mean just that, and the name of a class that no folder can have; those names
stand in a file as well.
"""

from __future__ import annotations

import errno
import io
import secrets
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from core.files import parse_json, remove_file, replace_file
from core.image_sets.kept_names import listed
from core.image_sets.own_dataset import SPLITS, OwnClass, OwnDataError, OwnDataset
from core.image_sets.zip_names import MARK, NAMES, Places, folder_of

LONGEST_COMMENT = 65_535  # bytes; a limit of ZIP
MOST_AT_ONCE = 2**30  # bytes of a dataset that a browser is given; more is for the command line
KINDS = {
    b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"BM": "bmp", b"RIFF": "webp", b"II*\0": "tif", b"MM\0*": "tif",
}  # fmt: skip
BRANDS = {b"avif": "avif", b"avis": "avif"}  # of what else begins like HEIC


def as_zip(dataset: OwnDataset) -> io.BytesIO:
    """The newest version, also of classes that are switched off, open for reading from its start. Raises OwnDataError."""
    stream = io.BytesIO()
    _write(dataset, stream)
    stream.seek(0)
    return stream


def write_zip(dataset: OwnDataset, path: Path) -> None:
    """The same into a file that is there when it is whole, and not before. Raises OwnDataError."""
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as stream:
                _write(dataset, stream)
            replace_file(part, path)
        finally:
            remove_file(part)
    except OSError as error:
        what = "free some space" if error.errno == errno.ENOSPC else "choose another place"
        raise OwnDataError(f"{path} could not be written ({error.strerror}); {what}.") from error


def names_in_export(dataset: OwnDataset) -> Iterator[tuple[int, str]]:
    """Image numbers and what their files are called in the ZIP. Raises OwnDataError."""
    return ((image, place) for image, place, _ in _files(dataset, dataset.newest(), _folders(dataset.classes())))


def _write(dataset: OwnDataset, stream: BinaryIO) -> None:
    version = dataset.versions()[0]
    moment = max((1980, 1, 1, 0, 0, 0), time.gmtime(version.time)[:6])
    classes = dataset.classes(version.number)
    folders = _folders(classes)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for _, place, data in _files(dataset, version.number, folders):
            archive.writestr(zipfile.ZipInfo(place, moment), data)
        renamed = {folders[each.id]: each.name for each in classes if folders[each.id] != each.name}
        if renamed:  # unpacked, or packed again, it has no comment
            archive.writestr(zipfile.ZipInfo(NAMES, moment), listed(renamed, "classes"))
        archive.comment = _comment(renamed)


def _folders(classes: Iterable[OwnClass]) -> dict[int, str]:
    """By the classes' ids."""
    own = Places()  # also for Cat and cat, on a disk that takes them for one
    return {each.id: own.folder(folder_of(each.name)) for each in classes}


def _files(dataset: OwnDataset, version: int, folders: dict[int, str]) -> Iterator[tuple[int, str, bytes]]:
    """Image number, place in the ZIP and bytes of every picture."""
    members = dataset.members(version, disabled=True)
    images = members.images.tolist()
    called = {picture.id: picture.name for picture in dataset.pictures(images, version)}
    places = Places()
    rows = zip(images, members.classes.tolist(), members.splits.tolist(), dataset.contents(images), strict=True)
    for image, label, split, data in rows:
        yield image, places.free(f"{SPLITS[split]}/{folders[label]}", called[image], kind_of(data)), data


def _comment(renamed: dict[str, str]) -> bytes:
    """JSON; of very many odd names only those for which there is room."""
    while True:
        said = listed(renamed, "classes")
        if len(said) <= LONGEST_COMMENT:
            return said
        renamed = dict(list(renamed.items())[: len(renamed) // 2])


def names_of_export(comment: bytes) -> dict[str, str] | None:
    """Folder -> class, of those that differ, if this is the comment of a ZIP that was written here; else None."""
    said = parse_json(comment)
    renamed = said.get("classes") if isinstance(said, dict) and said.get(MARK) == 1 else None
    if not isinstance(renamed, dict) or not all(isinstance(name, str) for name in renamed.values()):
        return None
    return renamed


def kind_of(data: bytes) -> str:
    """How a picture file's name should end."""
    if data[4:8] == b"ftyp":
        return BRANDS.get(data[8:12], "heic")
    return next((kind for start, kind in KINDS.items() if data.startswith(start)), "png")
