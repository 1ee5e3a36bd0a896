"""The pictures of an own dataset that go with a run: those of the version that it learned from, and no others."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.datasets.own_images import Facts, OwnImages, facts_of
from core.errors import TrainDeskError
from core.export.saved.archive import PICTURES, TABLE, SavedFile
from core.files import parse_json
from core.image_sets.edit import LONGEST_NAME, editing
from core.image_sets.export import kind_of
from core.image_sets.folders import NAME, find_dataset, sets_folder
from core.image_sets.own_dataset import FOREVER, SPLITS, OwnDataError, OwnDataset
from core.image_sets.schema import BLOBS
from core.images.read import starts_like_a_picture
from core.text.typed import clean_line

KEPT = ("fit", "colour", "mirror", "balance")  # of what is known of a dataset beside its title
MOST_VERSION = 1_000_000
LIGHTEST = 1.001  # of means of 0..1, which are rounded


def is_here(dataset: OwnImages, data_folder: Path) -> bool:
    """Whether the very version that a run learned from is among the datasets."""
    try:
        return _is_of(find_dataset(dataset.source, data_folder), dataset)
    except OwnDataError:
        return False


def _is_of(found: OwnDataset, dataset: OwnImages) -> bool:
    """Whether what a training has to know of the pictures is what the run knew; the title may have changed, and runs of before it
    was noted do not know how many were chosen for validation. Raises OwnDataError."""
    knew, facts = dataset.facts, Facts(**facts_of(found, dataset.version))
    known = {"title": knew.title} | ({"val_images": None} if knew.val_images is None else {})
    return facts.model_copy(update=known) == knew


def contents_of(dataset: OwnDataset, version: int) -> Iterator[tuple[str, bytes]]:
    """(name in the file, bytes) of each picture, and at last the table of them. Raises OwnDataError."""
    members = dataset.members(version)
    classes = [[each.id, each.name] for each in dataset.classes(version) if each.enabled]
    about = {key: value for key in KEPT if (value := dataset.about(key))}
    lines = [json.dumps({"title": dataset.title, "about": about, "classes": classes}, ensure_ascii=False)]
    images = members.images.tolist()
    rows = zip(images, members.classes.tolist(), members.splits.tolist(), members.group_ids.tolist(), strict=True)
    with dataset.read() as connection:
        for (image, label, split, group), data in zip(rows, dataset.contents(images), strict=True):
            name = f"{image}.{kind_of(data)}"
            known = connection.execute("select * from images where id = ?", [image]).fetchone()
            seen = [base64.b64encode(each).decode() if isinstance(each, bytes) else each for each in known[1:]]
            lines.append(json.dumps([name, [image, label, SPLITS[split], group], seen], ensure_ascii=False))
            yield f"{PICTURES}{name}", data
    yield TABLE, "\n".join(lines).encode()


def brought(saved: SavedFile, dataset: OwnImages, data_folder: Path, owner: str, folder: Path) -> OwnDataset:
    """A dataset made in `folder` of what is in the file: the version that the run learned from has the same number, and before it
    there is nothing.

    Raises NotARun for a file that does not hold the very pictures that the run says it learned from, OwnDataError.
    """
    version = dataset.version
    lines = saved.content(TABLE).splitlines()
    head = parse_json(lines[0]) if lines else None
    if not isinstance(head, dict) or not 0 < version <= MOST_VERSION:
        raise saved.damaged("the list of its pictures cannot be read")
    made = OwnDataset.create(
        folder, clean_line(str(head.get("title", "")))[:LONGEST_NAME] or dataset.title()[:LONGEST_NAME]
    )
    about = head.get("about")
    kept = {
        key: str(about[key])[:LONGEST_NAME]
        for key in KEPT
        if isinstance(about, dict) and isinstance(about.get(key), str)
    }
    made.set_about(**kept, owner=owner)
    with made.connected() as connection:
        if version > 1:  # so that the number is the same, and taking back the last change changes nothing
            connection.execute("insert into versions values (?, (select time from versions), 'Before')", [version - 1])
    with editing(made, "Came with a run") as edit:
        connection = edit.connection
        for each in _listed(saved, head.get("classes"), 2):
            connection.execute(
                "insert into names values (?, ?, 1, 1, ?)", [each[0], clean_line(str(each[1]))[:LONGEST_NAME], FOREVER]
            )
        places = []
        for line in lines[1:]:
            name, place, seen = _listed(saved, [parse_json(line)], 3)[0]
            place, seen = _listed(saved, [place], 4)[0], _listed(saved, [seen], 10)[0]
            entry = f"{PICTURES}{name}"
            if entry not in saved.manifest.files or entry == TABLE:
                raise saved.damaged("a picture is missing")
            data = saved.content(entry)
            if not starts_like_a_picture(data):
                raise saved.damaged("a picture is none")
            connection.execute(
                "insert into images values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [place[0], *_columns(saved, seen)]
            )
            connection.execute("insert into contents values (?, ?)", [place[0], data])
            places.append((*place, 1, FOREVER))
        connection.executemany("insert into places values (?, ?, ?, ?, ?, ?)", places)
    try:
        made.members(version)  # reads all rows, and refuses what is not sound
        if _is_of(made, dataset):
            return made
    except OwnDataError as error:
        raise saved.damaged("the list of its pictures cannot be read") from error
    raise saved.damaged("its pictures are not those that the run learned from")


def _listed(saved: SavedFile, said: Any, length: int) -> list[list[Any]]:
    """Of a list the members, each a list of that length with nothing but plain values and lists in it. Raises NotARun."""
    if not isinstance(said, list) or any(not isinstance(each, list) or len(each) != length for each in said):
        raise saved.damaged("the list of its pictures cannot be read")
    return said


def _columns(saved: SavedFile, seen: list[Any]) -> list[Any]:
    """What is known of a picture as the table `images` has it, without its number."""
    digest, name, width, height, colour, turned, *blobs = seen
    try:
        digest, *blobs = [base64.b64decode(each, validate=True) for each in (digest, *blobs)]
        levels = struct.unpack("6f", blobs[0] + blobs[1])
    except (ValueError, TypeError, struct.error) as error:
        raise saved.damaged("the list of its pictures cannot be read") from error
    is_sound = all(math.isfinite(each) and 0 <= each <= LIGHTEST for each in levels)
    if not is_sound or [len(each) for each in blobs] != list(BLOBS.values()) or not isinstance(name, str):
        raise saved.damaged("the list of its pictures cannot be read")
    return [digest, clean_line(name)[-200:], width, height, colour, turned, *blobs]


def place_for(dataset: OwnImages, data_folder: Path) -> Path:
    """A free folder among the datasets: that of the run's own id, else of one made of it. Raises TrainDeskError."""
    first = dataset.source if NAME.fullmatch(dataset.source) else "pictures"
    sets = sets_folder(data_folder)
    names = (first if number == 1 else f"{first[:70]}-{number}" for number in range(1, 1000))
    taken = [sets, sets / ".trash"]
    found = next((name for name in names if not any((folder / name).exists() for folder in taken)), "")
    if not found:
        raise TrainDeskError(f"There are too many datasets called '{first}'; delete some, then open the run again.")
    return sets / found
