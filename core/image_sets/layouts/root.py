"""The folder in which classes or splits lie, found in spite of a few stray pictures."""

from __future__ import annotations

from collections import defaultdict

from core.image_sets.layouts.split_names import meaning
from core.image_sets.sources import SourceFile

STRAYS, STRAY_SHARE = 6, 0.03  # pictures that lie beside and move nothing


def root_of(pictures: list[SourceFile]) -> tuple[str, ...]:
    """The folder in which the classes or splits lie: where pictures begin to differ, in spite of a few that lie beside."""
    root: tuple[str, ...] = ()
    inside = pictures
    while True:
        depth = len(root)
        below: dict[str, list[SourceFile]] = defaultdict(list)
        for entry in inside:
            if len(entry.parts) > depth + 1:
                below[entry.parts[depth]].append(entry)
        if not below:
            return root
        name, most = max(below.items(), key=lambda each: len(each[1]))
        others = len(inside) - len(most)
        children = {entry.parts[depth + 1] for entry in most if len(entry.parts) > depth + 2}
        flat = sum(len(entry.parts) == depth + 2 for entry in most)
        if others and (
            others > few(len(inside))
            or others * 3 > len(most)
            or not children
            or flat > few(len(most))
            or flat * 2 > len(most)
        ):
            return root
        alike = any(
            len(entry.parts) > depth + 2 and entry.parts[depth + 1] in children
            for other, entries in below.items()
            if other != name
            for entry in entries
        )
        if alike or (meaning(name) and any(meaning(other) for other in below if other != name)):
            return root
        root, inside = (*root, name), most


def few(count: int) -> int:
    """How many pictures of so many may lie beside and move nothing."""
    return max(STRAYS, round(STRAY_SHARE * count))
