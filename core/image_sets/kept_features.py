"""Features of pictures on disk: nothing is looked at twice by the network that knows photos."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from core.files import remove_file

MOST = 20_000  # pictures; 2,560 bytes each and some for SQLite: about 60 MB
OFTEN = 3600.0  # seconds after which it is noted again that a row was asked for
TABLE = (
    "create table if not exists features (key blob primary key, row blob not null, used real not null) without rowid"
)


def content_key(content: bytes, how: str) -> bytes:
    """Of a picture file, or whatever tells it from others, and of how it was looked at: 16 bytes."""
    return hashlib.blake2b(how.encode() + b"\0" + content, digest_size=16).digest()


class KeptFeatures:
    """One SQLite file in a folder, for all processes. Where it cannot be used, features are made again: nothing is raised."""

    def __init__(self, folder: Path, most: int = MOST):
        self.file, self.most = folder / "features.sqlite", most

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Those that are kept, float32 (F,) each."""
        found: dict[bytes, np.ndarray] = {}
        with self._connected() as connection:
            for key in keys:
                row = connection.execute("select row from features where key = ?", [key]).fetchone()
                if row:
                    found[key] = np.frombuffer(row[0], dtype=np.float16).astype(np.float32)
            now = time.time()
            seen = "update features set used = ? where key = ? and used < ?"
            connection.executemany(seen, ((now, key, now - OFTEN) for key in found))
        return found

    def put(self, rows: dict[bytes, np.ndarray]) -> None:
        """Keeps a row (F,) under each key, as float16; of too many those that were asked for the longest ago go."""
        with self._connected() as connection:
            now = time.time()
            connection.executemany(
                "insert or replace into features values (?, ?, ?)",
                ((key, row.astype(np.float16).tobytes(), now) for key, row in rows.items()),
            )
            over = connection.execute("select count(*) from features").fetchone()[0] - self.most
            if over > 0:
                connection.execute(
                    "delete from features where key in (select key from features order by used limit ?)", [over]
                )

    def forget_all(self) -> None:
        """Of every picture, as nothing says of which dataset it was; what is asked for again is made again."""
        with self._connected() as connection:
            connection.execute("delete from features")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """One transaction; where there can be none, one in memory. A damaged file is begun anew by whoever comes next."""
        connection = self._open() or sqlite3.connect(":memory:")
        try:
            with connection:
                connection.execute(TABLE)
                yield connection
        except sqlite3.OperationalError:  # a full disk, a folder that is only read, someone who writes for long
            pass
        except sqlite3.DatabaseError:
            connection.close()  # Windows removes no file that is open
            with contextlib.suppress(OSError):
                remove_file(self.file)
        finally:
            connection.close()

    def _open(self) -> sqlite3.Connection | None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.file, timeout=5)
        except (OSError, sqlite3.Error):
            return None
        try:
            connection.execute(TABLE)
            return connection
        except sqlite3.DatabaseError as error:
            connection.close()
            if not isinstance(error, sqlite3.OperationalError):
                with contextlib.suppress(OSError):
                    remove_file(self.file)
            return None
