"""Folders and classes: which class of a network the folder of a picture names, and pictures sorted into a ZIP with a folder for
each class and one for those of which a network is not sure."""

from __future__ import annotations

import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np

from core.image_sets.zip_names import Places, folder_of

UNSURE = "unsure"
ENOUGH = 0.5  # of the pictures must lie in a folder that is called like a class


def labels_of(paths: Sequence[str], class_names: Sequence[str]) -> np.ndarray | None:
    """int64 (N,): for each path with "/" the class whose name its folder bears, -1 for none; None where folders are no labels.

    All labels are of one level: of train/cat/7/1.jpg that at which most folders are called like classes.
    """
    known: dict[str, int] = {}
    for place, name in enumerate(class_names):
        for written in (name, folder_of(name)):
            known.setdefault(_plain(written), place)
    folders = [[known.get(_plain(part), -1) for part in path.split("/")[:-1]] for path in paths]
    met = Counter(level for each in folders for level, label in enumerate(each) if label >= 0)
    if not met:
        return None
    level, _ = max(met.items(), key=lambda entry: (entry[1], entry[0]))
    labels = np.array([each[level] if len(each) > level else -1 for each in folders], dtype=np.int64)
    return labels if (labels >= 0).mean() >= ENOUGH else None


def _plain(name: str) -> str:
    """Cat_1 and cat 1 are one."""
    return " ".join(name.replace("_", " ").replace("-", " ").split()).casefold()


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
