"""Which pictures of a dataset look alike: compared when pictures come in, and kept in its file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.image_sets.near_duplicates import bundles, first_of, groups_of_pairs, near_pairs
from core.image_sets.own_dataset import GREY_SIDE, OwnDataError, OwnDataset

PAIR_BYTES = 12  # three int32
TABLE = "create table if not exists near (images integer not null, pairs blob not null)"


@dataclass(frozen=True)
class Likeness:
    """Of all pictures that are kept, of whatever version."""

    numbers: np.ndarray  # (N,) int64: image numbers, rising
    group_ids: np.ndarray  # (N,) int64: groups of which each two members look alike
    together: np.ndarray  # (N,) int64: what a split should keep on one side, chains of look-alikes included
    pairs: np.ndarray  # (P, 3) int64, as of `pairs_of`

    def keep(self, connection: sqlite3.Connection) -> None:
        """Keeps the pairs for `pairs_of` in the file of this connection, as a part of its transaction."""
        connection.execute(TABLE)
        connection.execute("delete from near")
        kept = self.pairs.astype(np.int32).tobytes()
        connection.execute("insert into near values (?, ?)", [len(self.numbers), kept])


def compare(dataset: OwnDataset) -> Likeness:
    """Compares all pictures and keeps the pairs. Raises OwnDataError."""
    found = compared([(dataset, 0)])
    with dataset.connected() as connection:
        found.keep(connection)
    return found


def pairs_of(dataset: OwnDataset) -> np.ndarray:
    """int64 (P, 3): image numbers of two pictures that look alike, and whether only mirrored.

    Of pictures with equal pixels only the first is in it. Datasets of before pairs were kept are compared now.
    """
    try:
        with dataset.read() as connection:
            count = connection.execute("select count(*) from images").fetchone()[0]
            sound = f"typeof(pairs) = 'blob' and length(pairs) % {PAIR_BYTES} = 0"
            kept = connection.execute(f"select pairs from near where images = ? and {sound}", [count]).fetchone()
    except OwnDataError as error:
        if not isinstance(error.__cause__, sqlite3.OperationalError):
            raise
        kept = None
    if kept is None:
        found = compared([(dataset, 0)])
        # in a folder that cannot be written to they are compared anew each time
        with contextlib.suppress(OwnDataError), dataset.connected() as connection:
            found.keep(connection)
        return found.pairs
    return np.frombuffer(kept[0], dtype=np.int32).reshape(-1, 3).astype(np.int64)


def compared(datasets: Sequence[tuple[OwnDataset, int]]) -> Likeness:
    """Of all pictures of datasets together, each with what is added to its image numbers; those of a later one are the greater.
    Raises OwnDataError."""
    parts = [_known(dataset, added) for dataset, added in datasets]
    numbers, digests, hashes, greys = (np.concatenate(each) for each in zip(*parts, strict=True))
    first = first_of(digests)
    pairs = near_pairs(hashes, greys.reshape(-1, GREY_SIDE, GREY_SIDE), first)
    group_ids = groups_of_pairs(len(numbers), pairs, first)
    numbered = np.column_stack([numbers[pairs[:, 0]], numbers[pairs[:, 1]], pairs[:, 2]]).astype(np.int64)
    return Likeness(numbers, group_ids, bundles(group_ids, pairs), numbered)


def _known(dataset: OwnDataset, added: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Image numbers, digests and hashes (N,), and small grey copies (N, GREY_SIDE * GREY_SIDE)."""
    with dataset.connected() as connection:
        count = connection.execute("select count(*) from images").fetchone()[0]
        numbers, digests, hashes = np.empty(count, np.int64), np.empty(count, np.uint64), np.empty(count, np.uint64)
        greys = np.empty((count, GREY_SIDE * GREY_SIDE), np.uint8)
        rows = connection.execute("select id, digest, hash, look from images order by id")
        for place, (number, digest, mark, grey) in enumerate(rows):
            numbers[place], digests[place] = number + added, int.from_bytes(digest[:8], "little")
            hashes[place], greys[place] = int.from_bytes(mark, "little"), np.frombuffer(grey, np.uint8)
    return numbers, digests, hashes, greys
