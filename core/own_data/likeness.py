"""Which pictures of a dataset look alike: compared when pictures come in, and kept in its file."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass

import numpy as np

from core.own_data.alike import bundles, first_of, groups_of_pairs, near_pairs
from core.own_data.store import LOOK, OwnDataError, OwnDataset

TABLE = "create table if not exists near (images integer not null, pairs blob not null)"


@dataclass(frozen=True)
class Likeness:
    """Of all pictures that are kept, of whatever version."""

    numbers: np.ndarray  # (N,) int64: image numbers, rising
    kin: np.ndarray  # (N,) int64: groups of which each two members look alike
    together: np.ndarray  # (N,) int64: what a split should keep on one side, chains of look-alikes included


def compare(dataset: OwnDataset) -> Likeness:
    """Compares all pictures and keeps the pairs for `pairs_of`. Raises OwnDataError."""
    numbers, first, pairs = _compared(dataset)
    kin = groups_of_pairs(len(numbers), pairs, first)
    _keep(dataset, numbers, pairs)
    return Likeness(numbers, kin, bundles(kin, pairs))


def pairs_of(dataset: OwnDataset) -> np.ndarray:
    """int64 (P, 3): image numbers of two pictures that look alike, and whether only mirrored.

    Of pictures with equal pixels only the first is in it. Datasets of before pairs were kept are compared now.
    """
    try:
        with dataset.connected() as connection:
            count = connection.execute("select count(*) from images").fetchone()[0]
            kept = connection.execute("select pairs from near where images = ?", [count]).fetchone()
    except OwnDataError as error:
        if not isinstance(error.__cause__, sqlite3.OperationalError):
            raise
        kept = None
    if kept is None:
        numbers, _, pairs = _compared(dataset)
        with contextlib.suppress(OwnDataError):  # a folder that cannot be written to: compared anew each time
            _keep(dataset, numbers, pairs)
        return _numbered(numbers, pairs)
    return np.frombuffer(kept[0], dtype=np.int32).reshape(-1, 3).astype(np.int64)


def _compared(dataset: OwnDataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image numbers (N,), the place of the first with the same pixels (N,), and pairs (P, 3) of places."""
    with dataset.connected() as connection:
        count = connection.execute("select count(*) from images").fetchone()[0]
        numbers, digests, hashes = np.empty(count, np.int64), np.empty(count, np.uint64), np.empty(count, np.uint64)
        looks = np.empty((count, LOOK * LOOK), np.uint8)
        rows = connection.execute("select id, digest, hash, look from images order by id")
        for place, (number, digest, mark, look) in enumerate(rows):
            numbers[place], digests[place] = number, int.from_bytes(digest[:8], "little")
            hashes[place], looks[place] = int.from_bytes(mark, "little"), np.frombuffer(look, np.uint8)
    first = first_of(digests)
    return numbers, first, near_pairs(hashes, looks.reshape(-1, LOOK, LOOK), first)


def _keep(dataset: OwnDataset, numbers: np.ndarray, pairs: np.ndarray) -> None:
    with dataset.connected() as connection:
        connection.execute(TABLE)
        connection.execute("delete from near")
        kept = _numbered(numbers, pairs).astype(np.int32).tobytes()
        connection.execute("insert into near values (?, ?)", [len(numbers), kept])


def _numbered(numbers: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.column_stack([numbers[pairs[:, 0]], numbers[pairs[:, 1]], pairs[:, 2]]).astype(np.int64)
