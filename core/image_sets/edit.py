"""Changing a dataset of someone's own: every edit makes a new version and leaves the older ones as they were."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.files import remove_file, write_atomically
from core.image_sets.own_dataset import FOREVER, SPLITS, OwnDataError, OwnDataset
from core.text.typed import clean_line

LONGEST_NAME = 60  # characters of a class or a title


@dataclass(frozen=True)
class Edit:
    """One edit in the making; it counts when its `with` block ends well."""

    dataset: OwnDataset
    connection: sqlite3.Connection
    number: int  # of the version it makes

    def class_of_name(self, name: str) -> int:
        """The id of the class of that name, made if there is none. Raises OwnDataError."""
        name = checked_name(name, "A class")
        found = self.connection.execute(
            "select class from names where name = ? and until = ?", [name, FOREVER]
        ).fetchone()
        if found:
            return found[0]
        class_id = self.connection.execute("select coalesce(max(class), 0) + 1 from names").fetchone()[0]
        self.connection.execute("insert into names values (?, ?, 1, ?, ?)", [class_id, name, self.number, FOREVER])
        return class_id

    def rename_class(self, class_id: int, name: str) -> None:
        """A name that another class has joins the two. Raises OwnDataError."""
        name = checked_name(name, "A class")
        other = self.connection.execute(
            "select class from names where name = ? and until = ? and class != ?", [name, FOREVER, class_id]
        ).fetchone()
        if other:
            images = self.connection.execute(
                "select image from places where class = ? and until = ?", [class_id, FOREVER]
            )
            self.move([row[0] for row in images.fetchall()], other[0])
            self._end("names", "class = ?", [class_id])
        else:
            self._name(class_id, name=name)

    def enable(self, class_ids: Iterable[int], enabled: bool) -> None:
        """Whether the pictures of these classes take part in trainings."""
        for class_id in class_ids:
            self._name(class_id, enabled=int(enabled))

    def remove_classes(self, class_ids: Iterable[int]) -> None:
        """These classes with all their pictures."""
        for class_id in class_ids:
            self._end("places", "class = ?", [class_id])
            self._end("names", "class = ?", [class_id])

    def place(self, rows: Iterable[tuple[int, int, str, int]]) -> None:
        """Puts pictures that are in no class into one: (image, class, split, group)."""
        self.connection.executemany(
            "insert into places values (?, ?, ?, ?, ?, ?)", ((*row, self.number, FOREVER) for row in rows)
        )

    def move(self, images: Sequence[int], class_id: int) -> None:
        """Pictures into another class."""
        self._replace(images, "class", class_id)

    def into_split(self, images: Sequence[int], split: str) -> None:
        """Pictures into `train`, `val` or `test`."""
        assert split in SPLITS, split
        self._replace(images, "split", split)

    def regroup(self, group_ids: dict[int, int]) -> None:
        """Other groups of look-alikes for pictures, image -> number of its group, as a change that older versions have not."""
        for image, group in group_ids.items():
            self._replace([image], "kin", group)

    def set_group_ids(self, group_ids: dict[int, int]) -> None:
        """Which pictures look alike: image -> number of its group. No change of the pictures, so no new rows."""
        self.connection.executemany(
            "update places set kin = ? where image = ? and until = ?",
            ((group, image, FOREVER) for image, group in group_ids.items()),
        )

    def remove(self, images: Sequence[int]) -> None:
        """Takes pictures out; older versions still have them."""
        for image in images:
            self._end("places", "image = ?", [int(image)])

    def back_to(self, version: int) -> None:
        """Everything as it was in an earlier version. Raises OwnDataError when there is none of that number."""
        if not self.connection.execute("select 1 from versions where number = ?", [version]).fetchone():
            raise OwnDataError(f"Dataset {self.dataset.id} has no version {version}.")
        for table, columns in (("places", "image, class, split, kin"), ("names", "class, name, enabled")):
            self._end(table, "true")
            self.connection.execute(
                f"insert into {table} select {columns}, ?, ? from {table} where since <= ? and until > ?",
                [self.number, FOREVER, version, version],
            )

    def _end(self, table: str, condition: str, values: Sequence[int] = ()) -> None:
        """Ends the rows that hold now and fulfil the condition."""
        ended = f"update {table} set until = ? where until = ? and {condition}"
        self.connection.execute(ended, [self.number, FOREVER, *values])

    def _replace(self, images: Sequence[int], column: str, value: int | str) -> None:
        columns = ["image", "class", "split", "kin"]
        kept = ", ".join("?" if name == column else name for name in columns)
        for image in images:
            self.connection.execute(
                f"insert into places select {kept}, ?, ? from places where image = ? and until = ?",
                [value, self.number, -1, int(image), FOREVER],
            )
            self._end("places", "image = ?", [int(image)])
        self.connection.execute("update places set until = ? where until = -1", [FOREVER])

    def _name(self, class_id: int, **values: str | int) -> None:
        row = self.connection.execute(
            "select name, enabled from names where class = ? and until = ?", [class_id, FOREVER]
        ).fetchone()
        if row is None:
            raise OwnDataError("That class is not there any more; look at the dataset again.")
        named = {"name": row[0], "enabled": row[1]} | values
        self._end("names", "class = ?", [class_id])
        values_now = [class_id, named["name"], named["enabled"], self.number, FOREVER]
        self.connection.execute("insert into names values (?, ?, ?, ?, ?)", values_now)


@contextlib.contextmanager
def editing(dataset: OwnDataset, words: str, other: OwnDataset | None = None) -> Iterator[Edit]:
    """Makes a new version, `words` say what is done; tables of another dataset are read as `other.images`.

    If anything is raised, nothing has changed. Raises OwnDataError.
    """
    number = 0
    try:
        with dataset.connected() as connection:
            if other is not None:
                connection.execute("attach database ? as other", [str(other.file)])
            connection.execute("begin immediate")
            number = connection.execute("select max(number) + 1 from versions").fetchone()[0]
            yield Edit(dataset, connection, number)
            connection.execute("delete from places where since = until")  # placed and taken out again in this very edit
            connection.execute("delete from names where since = until")
            connection.execute("insert into versions values (?, ?, ?)", [number, time.time(), words])
            facts = _facts(connection, number)
            try:
                write_atomically(dataset.facts_file(number), json.dumps(facts, ensure_ascii=False).encode())
            except OSError as error:
                raise OwnDataError(f"The change could not be stored ({error.strerror}); free some space.") from error
    except BaseException:
        with contextlib.suppress(OwnDataError, OSError):  # the file of facts may be there though the version is not
            if number > dataset.newest():
                remove_file(dataset.facts_file(number))
        raise


def checked_name(name: str, what: str) -> str:
    """The name without blanks around it. Raises OwnDataError when it is empty, too long or no plain line."""
    tidy = clean_line(unicodedata.normalize("NFC", name))  # as in names of folders, which macOS decomposes
    if not tidy:
        raise OwnDataError(f"{what} needs a name.")
    if len(tidy) > LONGEST_NAME:
        raise OwnDataError(f"{what}'s name has {len(tidy)} characters; the limit is {LONGEST_NAME}.")
    return tidy


def _facts(connection: sqlite3.Connection, version: int) -> dict:
    """What a training needs to know without opening the pictures. Only enabled classes with pictures count."""
    held = "since <= :version and until > :version"
    classes = connection.execute(
        f"select class, name from names where {held} and enabled and class in "
        f"(select class from places where {held} and split != 'test') order by class",
        {"version": version},
    ).fetchall()
    taking_part = f"{held} and class in ({', '.join(str(class_id) for class_id, _ in classes)})"
    counted = f"select split, count(*) from places where {taking_part} group by split"
    counts = dict(connection.execute(counted, {"version": version}).fetchall())
    rows = connection.execute(
        f"select mean, square from places join images on images.id = image where {taking_part} and split != 'test'",
        {"version": version},
    )
    levels = [struct.unpack("6f", mean + square) for mean, square in rows]
    mean, square = np.reshape(levels or np.zeros((1, 6)), (-1, 2, 3)).mean(axis=0)
    deviation = np.sqrt(np.maximum(0, square - mean**2)).clip(0.01)
    return {
        "class_names": [name for _, name in classes],
        "class_ids": [class_id for class_id, _ in classes],
        "train_images": counts.get("train", 0) + counts.get("val", 0),
        "val_images": counts.get("val", 0),
        "test_images": counts.get("test", 0),
        "mean": [round(value, 4) for value in mean.tolist()],
        "deviation": [round(value, 4) for value in deviation.tolist()],
    }
