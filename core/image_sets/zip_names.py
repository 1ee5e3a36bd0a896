"""Names that files and folders can have on any system, in a ZIP that is made here too, and no two of which are one."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

FORBIDDEN = str.maketrans({"/": "∕", "\\": "∖", ":": "꞉", "*": "∗", "?": "？", '"': "”", "<": "‹", ">": "›", "|": "ǀ"})
PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"}
RESERVED = PORTS | {"con", "prn", "aux", "nul", "conin$", "conout$"}  # of Windows
MARK = "traindesk"  # key of what tells that something was written here
NAMES = "traindesk.json"  # a list beside pictures: see `core.image_sets.kept_names`
LONGEST = 80  # characters of a name without its ending
SAME = {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif", "heif": "heic", "hif": "heic", "dib": "bmp"}


def folder_of(name: str) -> str:
    """A class's name as that of a folder: in place of signs that a system forbids some that look alike."""
    tidy = "".join(sign if sign.isprintable() else " " for sign in name).translate(FORBIDDEN).strip(" ")
    if tidy.endswith("."):
        tidy = f"{tidy[:-1]}․"
    if tidy.startswith("."):
        tidy = f"․{tidy[1:]}"
    first, dot, rest = tidy.partition(".")  # Windows takes nul.txt for nul
    is_taken = not first or first.lower().rstrip() in RESERVED or folded(tidy) in (NAMES, "__macosx")
    return f"{first.rstrip()}_{dot}{rest}" if is_taken else tidy


def folded(name: str) -> str:
    """The same for all names that macOS or Windows take for one: in capitals or not, accents composed or not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class Places:
    """Gives each file a place of its own: names that are taken, in capitals or not, get a number."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def free(self, folder: str, name: str, kind: str = "") -> str:
        """The place in a folder for a file of that name, wherever it lay. `kind` is what its bytes say the ending should be."""
        path = PurePosixPath(name.replace("\\", "/"))
        ending = path.suffix.removeprefix(".")
        if kind and SAME.get(ending.lower(), ending.lower()) != kind:
            ending = kind
        return self._free(f"{folder}/{folder_of(path.stem)[:LONGEST]}", f".{ending}" if ending else "")

    def named(self, name: str, longest: int) -> str:
        """Such a name for a file or a folder, with the same ending and no more characters than that before it."""
        path = PurePosixPath(folder_of(name))
        return self._free(path.stem[:longest].rstrip(), path.suffix[:longest])

    def take(self, name: str) -> None:
        """This one is taken."""
        self._taken.add(folded(name))

    def folder(self, name: str) -> str:
        """A folder of that name that no other has."""
        return self._free(name, "")

    def _free(self, stem: str, ending: str) -> str:
        place = f"{stem}{ending}"
        first = folded(place)
        number = self._next.get(first, 2)
        while folded(place) in self._taken:
            place = f"{stem} ({number}){ending}"
            number += 1
        self._next[first] = number
        self._taken.add(folded(place))
        return place
