"""Files and folders that come with names which not every system can have ("aux", "what?", "Cat" beside "cat"): they lie under
others, and a list beside them says what they are called."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.files import parse_json, read_bytes, write_atomically
from core.image_sets.sources import Listing, SourceFile
from core.image_sets.zip_names import MARK, NAMES, Places

LONGEST = 40  # characters of a name without its ending: Windows opens no path of more than 260


class KeptNames:
    """The names in a folder that is being filled. One name always lies under the same one, on whatever level."""

    def __init__(self, folder: Path):
        """Of a folder that is there, with what lies in it and in `NAMES`."""
        self.folder = folder
        self._written = names_in_list(_content_of(folder / NAMES))
        self._names = dict(self._written)  # as it lies here -> as it is called, of those that differ
        self._places = Places()
        self._place_of = {called: place for place, called in self._names.items()}
        for name in {path.name for path in folder.glob("*")} - {NAMES}:
            self._places.take(name)
            self._place_of.setdefault(self._names.get(name, name), name)

    def place(self, parts: Sequence[str]) -> Path:
        """Where something that is called so belongs. Nothing is made yet. A list that came with a folder stays one."""
        if len(parts) == 2 and parts[1] == NAMES:
            return self.folder / self._place(parts[0]) / NAMES
        return self.folder.joinpath(*map(self._place, parts))

    def called(self, place: Path) -> str:
        """The name of what lies there."""
        return self._names.get(place.name, place.name)

    def keep(self) -> None:
        """Writes the list, where something new is called otherwise than it lies here. Raises OSError."""
        if self._names != self._written:
            write_atomically(self.folder / NAMES, listed(self._names), sync=False)
            self._written = dict(self._names)

    def _place(self, name: str) -> str:
        if name not in self._place_of:
            place = self._place_of[name] = self._places.named(name, LONGEST)
            if place != name:
                self._names[place] = name
        return self._place_of[name]


def listed(names: dict[str, str], key: str = "names") -> bytes:
    """The list of names as it is written."""
    return json.dumps({MARK: 1, key: names}, ensure_ascii=False, separators=(",", ":")).encode()


def names_in_list(content: bytes) -> dict[str, str]:
    """As it lies -> as it is called; nothing of what is no such list."""
    said = parse_json(content)
    names = (said.get("names") or said.get("classes")) if isinstance(said, dict) and said.get(MARK) == 1 else None
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        return {}
    return names


def as_called(listing: Listing) -> list[SourceFile]:
    """Its pictures under the names that they have, the outermost list first."""
    pictures = listing.pictures
    for names in map(names_in_list, listing.names):
        if names:
            pictures = [replace(each, parts=tuple(names.get(part, part) for part in each.parts)) for each in pictures]
    return pictures


def _content_of(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError:
        return b""
