"""Labels in the names of files: cat.12.jpg, glass_3.png, 0007-dog.jpg."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial

from core.image_sets.layouts.placed import Candidate, Layout, Placed, some, tidy_class
from core.image_sets.sources import SourceFile
from core.text.numbers import count

RULES = {  # key -> (where the label stands, the rule)
    "names": ("before the number", re.compile(r"(.*[^\W\d_].*?)[ ._\-]*\(?\d+\)?")),
    "names-first": ("first", re.compile(r"([^\W\d_]+)[ ._\-].*")),
    "names-last": ("after the number", re.compile(r"\(?\d+\)?[ ._\-]*([^\W\d_].*)")),
    "names-digit": ("the first number", re.compile(r"(\d{1,2})[ ._\-].*\d.*")),
}
CAMERAS = frozenset(
    """
    img image images dsc dscn dscf dscp photo photos picture pic pict pxl mvimg screenshot scan frame file
    untitled cimg gopr gp p sam vid snap signal whatsapp capture page sample
    """.split()
) | {"train", "val", "test"}
MOST_LABELS, FEWEST_EACH, COVERED = 200, 3, 0.8


def by_names(pictures: list[SourceFile], split_of: dict[int, str], parts: dict[str, str]) -> list[Candidate]:
    """The rules under which the names give classes that repeat; none for camera numbers.

    `split_of` gives the split of pictures whose folders say only that. A part without labels, as Kaggle's test, is left out.
    """
    groups: dict[str, list[SourceFile]] = {}
    for entry in pictures:
        groups.setdefault(split_of.get(id(entry), ""), []).append(entry)
    found: list[Candidate] = []
    seen: list[set[str]] = []
    for key, (where, rule) in RULES.items():
        labelled: dict[str, list[tuple[SourceFile, str]]] = {}
        for split, entries in groups.items():
            pairs = [(entry, label) for entry in entries if (label := _label(entry, rule))]
            if len(pairs) >= COVERED * len(entries):
                labelled[split] = pairs
        if groups.keys() > {""} and labelled and "train" in groups and "train" not in labelled:
            continue
        counted = Counter(label for pairs in labelled.values() for _, label in pairs)
        total = counted.total()
        if not 2 <= len(counted) <= MOST_LABELS or total < FEWEST_EACH * len(counted):
            continue
        if sum(files for label, files in counted.items() if label.casefold() in CAMERAS) * 2 > total:
            continue
        if set(counted) in seen:
            continue
        seen.append(set(counted))
        classes = sorted(counted)
        example = next(iter(labelled.values()))[0][0].parts[-1]
        words = f"{count(len(classes), 'class', 'classes')} from the names of the files, {where}: {some(classes)}"
        found.append(Candidate(key, words, partial(_place, key, labelled, len(pictures), example, parts)))
    return found


def _label(entry: SourceFile, rule: re.Pattern[str]) -> str:
    stem = entry.parts[-1].rpartition(".")[0] or entry.parts[-1]
    match = rule.fullmatch(stem)
    return tidy_class(match[1].strip(" ._-")) if match and match[1].strip(" ._-") else ""


def _place(
    key: str, labelled: dict[str, list[tuple[SourceFile, str]]], total: int, example: str, parts: dict[str, str]
) -> Layout:
    pictures = [Placed(entry, label, split) for split, pairs in labelled.items() for entry, label in pairs]
    layout = Layout(
        f"Labels from the names of the files, such as '{example}'.", pictures, total - len(pictures), key=key
    )
    layout.parts = {split: parts[split] for split in labelled if split in parts}
    if layout.without_class:
        layout.notes.append(f"{count(layout.without_class, 'picture')} without a label in the name.")
    return layout
