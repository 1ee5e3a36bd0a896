"""Values that lie on disk as JSON, each one dataclass: the one checked way to read them, and the way to write them.

Whatever lies there can be read. A field that is missing, of another type or beyond its bounds has its default, and of a list or
a table only the members that are wrong are left out; so one bad byte never costs more than what it belongs to.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from core.files import opened, parse_json, read_json, write_atomically

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter

T = TypeVar("T", bound="DataclassInstance")
SETTLED = 2.0  # seconds after which a change in the same tick of the file system's clock cannot be missed
MOST_KEPT = 5000  # files of one kind


def read_stored(kind: type[T], path: Path) -> T:
    """What a file holds, as this dataclass, each of whose fields has a default. Never raises."""
    return stored_as(kind, read_json(path))


def stored_as(kind: type[T], said: Any) -> T:
    """The same of what `read_json` gave. Types are taken at their word: no text is a number, and no number a yes."""
    from pydantic import ValidationError  # here: the helpers of an import, many, read nothing

    left: dict[str, Any] = dict(said) if isinstance(said, dict) else {}
    while True:
        try:
            return _adapter(kind).validate_json(json.dumps(left), strict=True)
        except ValidationError as error:
            if not _without(left, [each["loc"] for each in error.errors(include_url=False, include_input=False)]):
                return kind()


def write_stored(path: Path, value: DataclassInstance, sync: bool = True) -> None:
    """Replaces the file in one step, see `write_atomically`. Raises OSError."""
    write_atomically(path, json.dumps(asdict(value), ensure_ascii=False, indent=1).encode(), sync=sync)


class KeptFiles(Generic[T]):
    """Many small files of one kind that are asked for again and again: each is read anew only when it was written since."""

    def __init__(self, kind: type[T]):
        self._kind = kind
        self._known: dict[str, tuple[tuple[int, int, int], T]] = {}  # file -> what changes with it, and what it said

    def read(self, path: str) -> T | None:
        """As `read_stored`; None where there is no file."""
        try:
            stat = os.stat(path)
            mark = stat.st_mtime_ns, stat.st_ino, stat.st_size
            known = self._known.get(path)
            if known is None or known[0] != mark:
                with opened(path) as file:
                    known = mark, stored_as(self._kind, parse_json(file.read()))
                if time.time() - stat.st_mtime > SETTLED:
                    if len(self._known) > MOST_KEPT:
                        self._known.clear()
                    self._known[path] = known
        except OSError:
            return None
        return known[1]


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _without(said: dict[str, Any], wrong: Iterable[tuple[int | str, ...]]) -> bool:
    """Takes out what stands at these places, of a list or a table the member alone. Whether there was anything."""
    members: dict[str, set[int | str]] = {}
    for field, *inner in wrong:
        inside = said.get(str(field))
        is_member = bool(inner) and (isinstance(inside, list) or isinstance(inside, dict) and inner[0] in inside)
        members.setdefault(str(field), set()).update([inner[0]] if is_member else ["all of it"])
    found = False
    for name, places in members.items():
        inside = said.get(name)
        found |= name in said
        if isinstance(inside, list) and "all of it" not in places:
            said[name] = [each for place, each in enumerate(inside) if place not in places]
        elif isinstance(inside, dict) and places <= inside.keys():
            said[name] = {key: value for key, value in inside.items() if key not in places}
        else:
            said.pop(name, None)
    return found
