"""Pictures sorted into a ZIP: a folder for each class, and one for those of which a network is not sure."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from core.image_sets.zip_names import Places, folder_of

UNSURE = "unsure"


def folder_of_answer(class_name: str) -> str:
    """A class that is itself called `unsure` is kept apart from the pictures that are."""
    folder = folder_of(class_name)
    return f"{folder} (class)" if folder.casefold() == UNSURE else folder


def write_sorted(pictures: Iterable[tuple[str, str | None, bytes]], stream: BinaryIO) -> None:
    """(name or path, class or None where it is not sure, the file as it came). Names that are taken get a number."""
    places = Places()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, class_name, data in pictures:
            folder = UNSURE if class_name is None else folder_of_answer(class_name)
            archive.writestr(zipfile.ZipInfo(places.free(folder, name), time.localtime()[:6]), data)
