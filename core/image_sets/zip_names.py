"""Names of files and folders in a ZIP that is made here: any system can unpack it, and no two of them are one."""

from __future__ import annotations

from pathlib import PurePosixPath

FORBIDDEN = str.maketrans({"/": "∕", "\\": "∖", ":": "꞉", "*": "∗", "?": "？", '"': "”", "<": "‹", ">": "›", "|": "ǀ"})
RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10))]
)  # of Windows
LONGEST = 80  # characters of a name without its ending
SAME = {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif", "heif": "heic", "hif": "heic", "dib": "bmp"}


def folder_of(name: str) -> str:
    """A class's name as that of a folder: in place of signs that a system forbids some that look alike."""
    tidy = "".join(sign if sign.isprintable() else " " for sign in name).translate(FORBIDDEN).strip(" ")
    if tidy.endswith("."):
        tidy = f"{tidy[:-1]}․"
    if tidy.startswith("."):
        tidy = f"․{tidy[1:]}"
    return f"{tidy}_" if not tidy or tidy.lower().partition(".")[0] in RESERVED or tidy == "__MACOSX" else tidy


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

    def folder(self, name: str) -> str:
        """A folder of that name that no other has."""
        return self._free(name, "")

    def _free(self, stem: str, ending: str) -> str:
        place = f"{stem}{ending}"
        first = place.casefold()
        number = self._next.get(first, 2)
        while place.casefold() in self._taken:
            place = f"{stem} ({number}){ending}"
            number += 1
        self._next[first] = number
        self._taken.add(place.casefold())
        return place
