"""Rows of tables and the pictures that they mean: full paths first, then bare names where only one picture has it."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial

from core.image_sets.layouts.placed import SHOWN, Candidate, Layout, Placed, some, tidy_class
from core.image_sets.layouts.split_names import is_filler, meaning, splits_of
from core.image_sets.layouts.tables import Table
from core.image_sets.sources import SourceFile
from core.text.numbers import count


class Finder:
    """Pictures by what a table calls them."""

    def __init__(self, pictures: list[SourceFile]):
        self._of: dict[str, list[SourceFile]] = defaultdict(list)
        for entry in pictures:
            name = entry.parts[-1].casefold()
            self._of[name].append(entry)
            if (stem := name.rpartition(".")[0]) and stem != name:
                self._of[stem].append(entry)

    @property
    def names(self) -> set[str]:
        """The bare names of all pictures, with and without their ending, in small letters."""
        return set(self._of)

    def find(self, value: str, table: SourceFile) -> list[SourceFile]:
        """The pictures that the value can mean in this table; of several with one bare name all, so that it is told."""
        parts = [part for part in value.strip().replace("\\", "/").casefold().split("/") if part not in ("", ".")]
        if not parts:
            return []
        found = self._of.get(parts[-1], [])
        if len(found) < 2:
            return found
        for start in range(len(parts)):  # of a path on another computer the end counts
            wanted = tuple(parts[start:-1])
            fits = [each for each in found if not wanted or _folders(each)[-len(wanted) :] == wanted]
            if fits and wanted:
                found = fits
                break
        home = tuple(part.casefold() for part in table.parts[:-1])
        if len(found) > 1:  # those beside the table, or in the folder that it is called after
            exact = [each for each in found if _folders(each) == (*home, *parts[:-1])]
            below = [each for each in found if _folders(each)[: len(home)] == home]
            part = meaning(table.parts[-1].rpartition(".")[0])
            called = [each for each in below if part and part in splits_of(_folders(each)).values()]
            found = next((each for each in (exact, called, below) if len(each) == 1), found)
        return found


def by_tables(tables: list[Table], pictures: list[SourceFile], finder: Finder) -> Candidate | None:
    """One reading of all tables that say classes; None where they say none."""
    kept = [each for each in tables if each.rows and not each.numbers and not each.is_boxes]
    named = [each for each in kept if each.is_named]
    kept = named or kept
    if not kept:
        return None
    classes = sorted({tidy_class(label) for table in kept for _, label, _ in table.rows})
    words = f"{count(len(classes), 'class', 'classes')} from '{kept[0].entry.parts[-1]}': {some(classes)}"
    return Candidate("table", words, partial(_place, kept, pictures, finder))


def _place(tables: list[Table], pictures: list[SourceFile], finder: Finder) -> Layout:
    labels: dict[int, tuple[str, str]] = {}
    twice: set[int] = set()
    unclear: list[str] = []
    missing: list[str] = []
    for table in tables:
        of_table = meaning(table.entry.parts[-1].rpartition(".")[0]) if len(tables) > 1 else ""
        for value, label, split in table.rows:
            found = finder.find(value, table.entry)
            if not found:
                missing.append(value)
            elif len(found) > 1:
                unclear.append(value)
            else:
                known = labels.setdefault(id(found[0]), (label, split or of_table))
                if known[0] != label:
                    twice.add(id(found[0]))
    folders = _split_folders(pictures)
    names = list(dict.fromkeys(table.entry.name for table in tables))
    layout = Layout(f"Labels from {some(names)}.", key="table")
    for entry in pictures:
        if id(entry) in labels and id(entry) not in twice:
            label, split = labels[id(entry)]
            folder = next((part for part in entry.parts[:-1] if part in folders), "")
            split = split or folders.get(folder, "")
            split = {"eval": "test"}.get(split, split)
            layout.pictures.append(Placed(entry, tidy_class(label), split))
            if folder and split == folders[folder]:
                layout.parts[split] = folder
        else:
            layout.without_class += 1
    _tell(layout, tables, unclear, missing, len(twice))
    return layout


def _tell(layout: Layout, tables: list[Table], unclear: list[str], missing: list[str], twice: int) -> None:
    several = sum(table.several for table in tables)
    for encoding in dict.fromkeys(table.encoding for table in tables if table.encoding):
        which = next(table.entry.parts[-1] for table in tables if table.encoding == encoding)
        layout.notes.append(f"'{which}' is read as {encoding}.")
    if unclear:
        layout.notes.append(
            f"{count(len(unclear), 'row')} of the table name a file that lies in several folders ({some(unclear)}) and are "
            "passed over; write the folder before the name."
        )
    if missing:
        layout.notes.append(f"{count(len(missing), 'row')} without a picture ({some(missing)}).")
    if twice:
        layout.notes.append(f"{count(twice, 'picture')} with two different labels, passed over.")
    if several:
        layout.notes.append(
            f"{count(several, 'row')} with several classes or none, passed over: each picture needs one."
        )
    if layout.without_class:
        layout.notes.append(f"{count(layout.without_class, 'picture')} without a label in the table.")


def _split_folders(pictures: list[SourceFile]) -> dict[str, str]:
    """Folders that are splits, if there are two or more of them."""
    folders = Counter(entry.parts[:-1] for entry in pictures)
    counted: Counter[str] = Counter()
    for parts, inside in folders.items():
        counted.update({part: inside for part in parts if meaning(part) and not is_filler(part)})
    found = splits_of([name for name, _ in counted.most_common(2 * SHOWN)])
    return found if len(set(found.values())) > 1 else {}


def _folders(entry: SourceFile) -> tuple[str, ...]:
    return tuple(part.casefold() for part in entry.parts[:-1])
