"""Whose hand drew a picture: the name of its file says so, as in "by Anna 4.png", wherever the picture goes."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

import numpy as np

from core.errors import TrainDeskError
from core.image_sets.edit import Edit
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.remembered import remembered
from core.text.typed import clean_line

LONGEST = 20  # characters of a writer's name
BY = re.compile(r"(?:.*/)?by (.+) \d+\.\w+", re.DOTALL)


def checked_writer(name: str) -> str:
    """The name without what no file's name can have. Raises TrainDeskError when nothing is left, or too much."""
    tidy = clean_line("".join(sign if sign.isalnum() or sign in " -" else " " for sign in name))
    if not tidy:
        raise TrainDeskError("A writer needs a name of letters or digits; a made-up one will do.")
    if len(tidy) > LONGEST:
        raise TrainDeskError(f"A writer's name has {len(tidy)} characters; the limit is {LONGEST}, so shorten it.")
    return unicodedata.normalize("NFC", tidy)


def file_by(writer: str, number: int) -> str:
    """What a PNG file is called so that its writer is known."""
    return f"by {writer} {number}.png"


def writer_of(name: str) -> str:
    """Of a file of that name; "" where it does not say."""
    found = BY.fullmatch(name)
    return unicodedata.normalize("NFC", found[1]) if found else ""


@remembered(64)
def writers(dataset: OwnDataset, version: int | None = None) -> dict[str, list[int]]:
    """Writer -> the image numbers of what they drew, by name; empty where no file says. Raises OwnDataError."""
    version = dataset.newest() if version is None else version
    found: dict[str, list[int]] = defaultdict(list)
    with dataset.read() as connection:
        rows = connection.execute(
            "select images.id, name from images join places on image = images.id "
            "where since <= ? and until > ? and name like '%by %' order by images.id",
            [version, version],
        )
        for image, name in rows:
            if writer := writer_of(name):
                found[writer].append(image)
    return dict(sorted(found.items()))


def leave_out(edit: Edit, writer: str) -> None:
    """Makes this writer's pictures the test, and all others the training."""
    number = edit.dataset.newest()
    theirs = writers(edit.dataset, number).get(writer, [])
    everything = edit.dataset.members(number, disabled=True).images
    edit.into_split(theirs, "test")
    edit.into_split(np.setdiff1d(everything, theirs).tolist(), "train")


@remembered(256)
def left_out(dataset: OwnDataset, version: int) -> str:
    """The writer of all test pictures of that version, if nobody could learn from this writer; else "". Raises OwnDataError."""
    members = dataset.members(version)
    test = set(members.images[members.splits == 2].tolist())
    for writer, images in writers(dataset, version).items():
        if test and test == set(images):
            return writer
    return ""
