"""Which class and split a file belongs to, told from the folders it lies in or from a table of labels."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from core.own_data.edit import LONGEST_NAME, one_line
from core.own_data.sources import Entry, Listing
from core.own_data.store import OwnDataError

SPLIT_NAMES = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
NAME_COLUMNS = ("file", "filename", "file_name", "image", "image_name", "image_id", "path", "name", "id")
LABEL_COLUMNS = ("label", "labels", "class", "class_name", "category", "target", "species", "breed")
ENOUGH = 0.5  # of the pictures must be found in a table for it to count


@dataclass(frozen=True)
class Placed:
    """A picture file with its class and, where folders say so, its split ("" otherwise)."""

    entry: Entry
    class_name: str
    split: str = ""


@dataclass
class Layout:
    """How the pictures are sorted, in words, and where each belongs."""

    words: str
    pictures: list[Placed] = field(default_factory=list)
    without_class: int = 0  # pictures that lie outside of any class
    notes: list[str] = field(default_factory=list)


def recognise(listing: Listing, read: Callable[[Entry], bytes], class_name: str = "") -> Layout:
    """Finds the layout: splits with class folders, class folders, or a table of labels.

    `class_name` is the class of pictures that lie in no folder. Raises OwnDataError when nothing fits.
    """
    if not listing.pictures:
        raise OwnDataError("There is no picture in it; bring a ZIP or a folder with PNG or JPEG files.")
    for table in listing.tables:
        found = _by_table(listing.pictures, table, read)
        if found is not None:
            return found
    shared = _shared_folders(listing.pictures)
    below = [(entry, entry.parts[len(shared) : -1]) for entry in listing.pictures]
    tops = {folders[0].casefold() for _, folders in below if folders}
    last_shared = shared[-1] if shared else ""
    if tops and tops <= SPLIT_NAMES.keys() and any(len(folders) > 1 for _, folders in below):
        return _by_splits(below)
    if tops and any(top in SPLIT_NAMES for top in tops) and all(len(folders) != 1 for _, folders in below):
        return _by_splits(below)
    if last_shared.casefold() in SPLIT_NAMES and tops:  # only one split came: its folder is no class
        return _by_classes(below, f"Class folders in '{last_shared}'.")
    if tops:
        return _by_classes(below, "Class folders.")
    if class_name or (last_shared and last_shared.casefold() not in SPLIT_NAMES):
        name = class_name or last_shared
        return Layout(f"All in class '{name}'.", [Placed(entry, tidy_class(name)) for entry, _ in below])
    raise OwnDataError(
        f"All {len(listing.pictures):,} pictures lie together, so nothing says of which class; put each class into a folder "
        "of its own, or add a CSV file with the columns 'file' and 'label'."
    )


def tidy_class(name: str) -> str:
    """A class name as people write it: composed accents, one line, not too long."""
    return one_line(unicodedata.normalize("NFC", name))[:LONGEST_NAME].rstrip() or "unnamed"


def _shared_folders(entries: list[Entry]) -> tuple[str, ...]:
    """The folders that all of them lie in."""
    shared = entries[0].parts[:-1]
    for entry in entries:
        folders = entry.parts[:-1]
        shared = shared[
            : next(
                (i for i, (a, b) in enumerate(zip(shared, folders, strict=False)) if a != b),
                min(len(shared), len(folders)),
            )
        ]
        if not shared:
            break
    return shared


def _by_splits(below: list[tuple[Entry, tuple[str, ...]]]) -> Layout:
    """train/cat/1.png. Folders beside the splits are passed over."""
    found = Layout("")
    for entry, folders in below:
        split = SPLIT_NAMES.get(folders[0].casefold(), "") if folders else ""
        if not split or len(folders) < 2:
            found.without_class += 1
        else:
            found.pictures.append(Placed(entry, tidy_class(folders[1]), split))
    splits = Counter(placed.split for placed in found.pictures)
    found.words = (
        "Folders " + ", ".join(f"{name} ({count:,})" for name, count in splits.items()) + " with class folders in them."
    )
    found.notes.append("The folders named train, val or test look like splits, not classes, and are taken as such.")
    return found


def _by_classes(below: list[tuple[Entry, tuple[str, ...]]], words: str) -> Layout:
    """cat/1.png; folders within a class folder do not matter."""
    found = Layout(words)
    for entry, folders in below:
        if folders:
            found.pictures.append(Placed(entry, tidy_class(folders[0])))
        else:
            found.without_class += 1
    return found


def _by_table(pictures: list[Entry], table: Entry, read: Callable[[Entry], bytes]) -> Layout | None:
    """A CSV with a column of file names and one of labels; None when it is about something else."""
    try:
        text = read(table).decode("utf-8-sig", errors="replace")
        dialect = csv.Sniffer().sniff(text[:4096], ",;\t|") if text else csv.excel
        rows = list(csv.reader(io.StringIO(text), dialect))
    except Exception:  # csv and its sniffer raise on what is no table
        return None
    if len(rows) < 2:
        return None
    heads = [head.strip().casefold().replace(" ", "_") for head in rows[0]]
    name_column = next((heads.index(name) for name in NAME_COLUMNS if name in heads), 0)
    label_column = next((heads.index(name) for name in LABEL_COLUMNS if name in heads), None)
    if label_column is None:
        label_column = 1 if len(heads) == 2 else None
    split_column = heads.index("split") if "split" in heads else None
    if label_column is None or label_column == name_column:
        return None
    labelled: dict[str, tuple[str, str]] = {}
    for row in rows:
        if len(row) > max(name_column, label_column) and row[label_column].strip():
            split = (
                SPLIT_NAMES.get(row[split_column].strip().casefold(), "")
                if split_column is not None and len(row) > split_column
                else ""
            )
            labelled[row[name_column].strip().replace("\\", "/").lstrip("./")] = (row[label_column], split)
    found = Layout(f"Labels from '{table.name}'.")
    for entry in pictures:
        known = next((labelled[key] for key in _keys(entry) if key in labelled), None)
        if known is None:
            found.without_class += 1
        else:
            found.pictures.append(Placed(entry, tidy_class(known[0]), known[1]))
    return found if len(found.pictures) > ENOUGH * len(pictures) else None


def _keys(entry: Entry) -> list[str]:
    """What a table may call a file: its path, each shorter end of it, and the same without the ending of the name."""
    ends = ["/".join(entry.parts[start:]) for start in range(len(entry.parts))]
    return ends + [end.rpartition(".")[0] for end in ends]
