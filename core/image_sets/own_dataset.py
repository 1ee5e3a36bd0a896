"""One dataset of someone's own: its pictures, classes and versions, in one SQLite file that is the whole truth about it.

A version is never changed: an edit ends the rows that no longer hold and adds new ones, and what a picture was in version n
is the row with `since <= n < until`. So every run can be shown the very pictures it saw, and every edit can be undone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import TrainDeskError
from core.files import Inside, read_json, remedy
from core.image_sets.remembered import remembered
from core.image_sets.schema import MOST_CLASSES, SOUND, TABLES

SPLITS = ("train", "val", "test")
FOREVER = 2**31 - 1
GREY_SIDE = 16  # pixels a side of the small grey copy by which pictures are compared


class OwnDataError(TrainDeskError):
    """An own dataset that is missing, damaged or cannot be changed as asked."""


@dataclass(frozen=True)
class Version:
    """A state of the dataset that stays as it is."""

    number: int
    time: float  # Unix seconds
    words: str  # what was done


@dataclass(frozen=True)
class OwnClass:
    """A class and how many pictures it has."""

    id: int
    name: str
    enabled: bool
    counts: dict[str, int]  # split -> images

    @property
    def images(self) -> int:
        """Pictures of all splits together."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Members:
    """The pictures of a version, by image number; only those of enabled classes unless all are asked for."""

    images: np.ndarray  # (N,) int64
    classes: np.ndarray  # (N,) int64, class ids
    splits: np.ndarray  # (N,) int8, index into SPLITS
    group_ids: np.ndarray  # (N,) int64: pictures that look alike have the same number


@dataclass(frozen=True)
class Picture:
    """What is known of one picture."""

    id: int
    name: str  # as it was called where it came from
    class_id: int
    split: str
    width: int
    height: int


@dataclass(frozen=True)
class OwnDataset:
    """A folder with `pictures.sqlite` and one facts file for each version."""

    folder: Path

    file = Inside("pictures.sqlite")

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    def facts_file(self, version: int) -> Path:
        """Written once when a version is made: its presence says that the version is whole."""
        return self.folder / f"v{version}.json"

    def facts(self, version: int) -> dict[str, Any]:
        """What a training needs to know of a version without opening the pictures, see `core.image_sets.edit`.

        Raises OwnDataError when there is no such version, or its file is damaged.
        """
        said = read_json(self.facts_file(version))
        ids = said.get("class_ids") if isinstance(said, dict) else None
        if not isinstance(ids, list) or not all(type(each) is int and 0 <= each <= MOST_CLASSES for each in ids):
            raise OwnDataError(f"Dataset '{self.id}' has no version {version}; choose 0 for the newest.")
        return said

    @classmethod
    def create(cls, folder: Path, title: str) -> OwnDataset:
        """An empty one, version 0. Raises OwnDataError."""
        dataset = cls(folder)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OwnDataError(
                f"The dataset cannot be kept in {folder} ({error.strerror}); {remedy(error)}."
            ) from error
        with dataset.connected() as connection:
            connection.executescript(TABLES)
            connection.execute("insert into versions values (0, ?, 'Made')", [time.time()])
            connection.execute("insert into about values ('title', ?)", [title])
        return dataset

    @contextlib.contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Raises OwnDataError, also for a full disk; then nothing has changed."""
        try:
            connection = sqlite3.connect(self.file, timeout=20)
        except sqlite3.Error as error:
            raise OwnDataError(f"Dataset {self.id} cannot be opened ({error}); it may have been deleted.") from error
        try:
            with connection:
                yield connection
        except sqlite3.Error as error:
            said = f"Dataset {self.id} cannot be used ({error}); it may be damaged or deleted."
            if "full" in str(error):
                said = "Nothing could be kept because the disk is full; free some space."
            elif "readonly" in str(error):
                said = f"Nothing could be kept because {self.folder} may only be read; allow writing there."
            raise OwnDataError(said) from error
        finally:
            connection.close()

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The same to look something up. Raises OwnDataError also for rows that hold what they cannot."""
        if wrong := self._unsound_table():
            raise OwnDataError(
                f"Dataset {self.id} cannot be used (its table '{wrong}' is damaged); bring its pictures again."
            )
        with self.connected() as connection:
            yield connection

    @remembered(64)
    def _unsound_table(self) -> str:
        """The name of a table with such a row, or ""."""
        with self.connected() as connection:
            for table, sound in SOUND.items():
                if connection.execute(f"select 1 from {table} where ({sound}) is not true limit 1").fetchone():
                    return table
        return ""

    def about(self, key: str, default: str = "") -> str:
        """A fact about the whole dataset, such as who owns it; the default where there is none. Raises OwnDataError."""
        with self.read() as connection:
            found = connection.execute("select value from about where key = ?", [key]).fetchone()
        return found[0] if found else default

    def set_about(self, **values: str) -> None:
        """Facts that are no part of a version, such as the title."""
        with self.connected() as connection:
            connection.executemany("insert or replace into about values (?, ?)", values.items())

    @property
    def title(self) -> str:
        """What people call it, or its id where that cannot be read."""
        try:
            return self.about("title", self.id)
        except OwnDataError:
            return self.id

    def newest(self) -> int:
        """The number of the newest version."""
        with self.read() as connection:
            return connection.execute("select coalesce(max(number), 0) from versions").fetchone()[0]

    def versions(self) -> list[Version]:
        """The newest first."""
        with self.read() as connection:
            return [Version(*row) for row in connection.execute("select * from versions order by number desc")]

    @remembered(64)
    def classes(self, version: int | None = None) -> tuple[OwnClass, ...]:
        """In their steady order: that of their making. Raises OwnDataError."""
        version = self.newest() if version is None else version
        with self.read() as connection:
            counted = connection.execute(
                "select class, split, count(*) from places where since <= ? and until > ? group by class, split",
                [version, version],
            )
            counts: dict[int, dict[str, int]] = {}
            for class_id, split, images in counted:
                counts.setdefault(class_id, {})[split] = images
            named = connection.execute(
                "select class, name, enabled from names where since <= ? and until > ? order by class",
                [version, version],
            )
            return tuple(OwnClass(each, name, bool(enabled), counts.get(each, {})) for each, name, enabled in named)

    @remembered(16)  # 2.5 MB each of 100,000 pictures
    def members(self, version: int | None = None, disabled: bool = False) -> Members:
        """Ordered by image number. `disabled` includes the pictures of classes that are switched off. Raises OwnDataError."""
        version = self.newest() if version is None else version
        wanted = [each.id for each in self.classes(version) if each.enabled or disabled]
        with self.read() as connection:
            rows = connection.execute(
                f"select image, class, case split when 'train' then 0 when 'val' then 1 else 2 end, kin from places "
                f"where since <= ? and until > ? and class in ({', '.join('?' * len(wanted))}) order by image",
                [version, version, *wanted],
            ).fetchall()
        table = np.array(rows, dtype=np.int64).reshape(-1, 4)
        columns = (table[:, 0], table[:, 1], table[:, 2].astype(np.int8), table[:, 3])
        for each in columns:
            each.flags.writeable = False
        return Members(*columns)

    def stamp(self) -> tuple[int, bytes]:
        """Another one after every change of the file: its time, and the number of changes that SQLite notes in its head."""
        try:
            with self.file.open("rb") as file:
                file.seek(24)
                return os.fstat(file.fileno()).st_mtime_ns, file.read(4)
        except OSError:
            return 0, b""

    def content(self, image: int) -> bytes:
        """The kept picture file. Raises OwnDataError."""
        return next(self.contents([image]))

    @remembered(64)
    def has_colour(self) -> bool:
        """Whether any of its pictures has colours. Raises OwnDataError."""
        with self.read() as connection:
            return bool(connection.execute("select max(colour) from images").fetchone()[0])

    @remembered(64)
    def usual_side(self) -> int:
        """The shorter side, in pixels, of the picture in the middle by that; 0 without pictures. Raises OwnDataError."""
        with self.read() as connection:
            row = connection.execute(
                "select min(width, height) from images order by 1 limit 1 offset (select count(*) / 2 from images)"
            ).fetchone()
        return row[0] if row and isinstance(row[0], int) else 0

    def contents(self, images: Sequence[int]) -> Iterator[bytes]:
        """The kept picture files, in this order. Raises OwnDataError for one that is not there any more."""
        with self.read() as connection:
            for image in images:
                found = connection.execute("select data from contents where image = ?", [int(image)]).fetchone()
                if found is None or not isinstance(found[0], bytes):
                    raise OwnDataError(f"Picture {image} is not in dataset {self.id} any more.")
                yield found[0]

    def pictures(self, images: Sequence[int], version: int | None = None) -> list[Picture]:
        """Of some image numbers, in that order; those that the version does not have are left out."""
        version = self.newest() if version is None else version
        with self.read() as connection:
            found = []
            for image in images:
                row = connection.execute(
                    "select images.id, name, class, split, width, height from images join places on image = images.id "
                    "where images.id = ? and since <= ? and until > ?",
                    [int(image), version, version],
                ).fetchone()
                if row:
                    found.append(Picture(*row))
            return found

    def page(self, class_id: int, start: int, count: int, split: str = "") -> list[int]:
        """Image numbers of a class in the newest version, from the `start`-th on."""
        version = self.newest()
        with self.read() as connection:
            rows = connection.execute(
                "select image from places where class = ? and since <= ? and until > ? and (? = '' or split = ?) "
                "order by image limit ? offset ?",
                [class_id, version, version, split, split, count, start],
            )
            return [row[0] for row in rows]
