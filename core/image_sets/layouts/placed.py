"""A reading: which class and split every picture belongs to, in words, and what else it could mean."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from core.image_sets.edit import LONGEST_NAME
from core.image_sets.sources import SourceFile
from core.text.lists import quoted
from core.text.typed import clean_line

IN_TREE = 12  # classes of a split that the tree names
SHOWN = 4  # names in a sentence


@dataclass(frozen=True)
class Placed:
    """A picture file with its class and, where the source says so, its split ("" otherwise)."""

    entry: SourceFile
    class_name: str
    split: str = ""


@dataclass
class Layout:
    """How the pictures are sorted, in words, and where each belongs."""

    words: str
    pictures: list[Placed] = field(default_factory=list)
    without_class: int = 0  # pictures that lie outside of any class
    notes: list[str] = field(default_factory=list)
    key: str = ""  # of the reading that was taken
    question: str = ""  # what should be answered before anything is decoded; "": nothing is in doubt
    alternatives: dict[str, str] = field(default_factory=dict)  # key -> what it would give; this reading is among them
    parts: dict[str, str] = field(default_factory=dict)  # split -> what it is called in the source
    trees: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # key -> tree, of each that a question offers
    is_settled: bool = False  # are the splits as they should be, also where one has no pictures?

    def classes(self) -> list[str]:
        """Their names, in the order in which people count them."""
        return list(dict.fromkeys(sorted((each.class_name for each in self.pictures), key=natural)))

    def tree(self) -> list[dict[str, Any]]:
        """Splits as plain values, each with what it is called in the source, its pictures and how many its classes have."""
        counted = Counter((each.split, each.class_name) for each in self.pictures)
        tree = []
        for split in sorted({split for split, _ in counted}, key=["train", "", "val", "test"].index):
            inside = {name: number for (each, name), number in counted.items() if each == split}
            names = sorted(inside, key=natural)
            tree.append(
                {
                    "split": split,
                    "called": self.parts.get(split, ""),
                    "pictures": sum(inside.values()),
                    "classes": [[name, inside[name]] for name in names[:IN_TREE]],
                    "more": max(0, len(names) - IN_TREE),
                }
            )
        return tree

    def summary(self) -> dict[str, Any]:
        """For people, before anything is decoded: as plain values."""
        told = ("key", "words", "notes", "question", "alternatives", "trees", "without_class")
        return {name: getattr(self, name) for name in told} | {"pictures": len(self.pictures)}


@dataclass(frozen=True)
class Candidate:
    """One way to read it; the pictures are placed only when it is taken."""

    key: str
    words: str  # what it would give, for a button
    make: Callable[[], Layout]

    @cached_property
    def layout(self) -> Layout:
        """With its pictures placed; made once."""
        return _with_a_test(self.make())


def _with_a_test(layout: Layout) -> Layout:
    """Of exactly two splits the second is what such sets are measured on."""
    splits = {each.split for each in layout.pictures}
    if splits != {"train", "val"}:
        return layout
    layout.pictures = [replace(each, split="test") if each.split == "val" else each for each in layout.pictures]
    second = "the second"
    if called := layout.parts.pop("val", ""):
        layout.parts["test"], second = called, f"'{called}'"
    layout.notes.append(
        f"There are two parts: {second} is kept for the test, and the validation is held out of the training pictures. "
        "That can be changed on the dataset's page."
    )
    return layout


@lru_cache(10_000)
def tidy_class(name: str) -> str:
    """A class name as people write it: composed accents, one line, not too long."""
    return clean_line(unicodedata.normalize("NFC", name))[:LONGEST_NAME].rstrip() or "unnamed"


def natural(name: str) -> tuple:
    """Class 2 comes before class 10."""
    return (0, int(name), name) if name.isdecimal() and name.isascii() else (1, 0, name.casefold())


def some(names: list[str]) -> str:
    """'a', 'b', 'c' and 5 more."""
    return quoted(names, SHOWN) or "none"
