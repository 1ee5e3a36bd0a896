"""Which class and split a file belongs to: folders, tables and names of files, weighed against each other.

Nothing is decoded for it: only names are looked at, tables and a few files of annotations. What is in doubt is a question with
alternatives, of which the likeliest is taken until someone chooses another.
"""

from __future__ import annotations

from core.image_sets.export import names_of_export
from core.image_sets.finding import passed_over
from core.image_sets.kept_names import as_called
from core.image_sets.layouts.detection import detection_set
from core.image_sets.layouts.file_names import by_names
from core.image_sets.layouts.labelled import Finder, by_tables
from core.image_sets.layouts.levels import Folders
from core.image_sets.layouts.placed import Candidate, Layout, Placed, tidy_class
from core.image_sets.layouts.tables import Table, read_table
from core.image_sets.own_dataset import SPLITS, OwnDataError
from core.image_sets.sources import PACKED, Listing, SourceFile
from core.text.numbers import count

__all__ = ["Layout", "Placed", "recognise", "tidy_class"]
ENOUGH = 0.5  # of the pictures must be found in a table for it to count
EXPORTED = "exported"  # key of the reading that a ZIP of ours gives itself
AGREE = 0.95  # of the pictures on which folders and table say the same


def recognise(listing: Listing, class_name: str = "", reading: str = "") -> Layout:
    """The layout, by the reading of that key or by the likeliest.

    `class_name` is the class of pictures that lie in no folder. Raises OwnDataError when nothing fits, and for detection sets.
    """
    pictures = listing.pictures
    if not pictures:
        raise OwnDataError(_no_picture(listing))
    own = _exported(listing) if reading in ("", EXPORTED) else None
    if own is not None:
        return own
    pictures = as_called(listing)
    finder = Finder(pictures)
    read = (
        read_table(entry, entry.read_or_nothing(), finder.names)
        for entry in listing.tables
        if "submission" not in entry.parts[-1].casefold()  # made-up labels, as an example of what to hand in
    )
    tables = [table for table in read if table is not None]
    folders = Folders(pictures)
    table = by_tables(tables, pictures, finder)
    found, question, notes = _weighed(folders, table, tables)
    if not any(each.key.startswith("level") for each in found):
        refused = detection_set(pictures, listing.others, tables)
        if refused:
            raise OwnDataError(refused)
    if not found:
        found = by_names(pictures, folders.split_of, folders.parts)
        if found:
            question = "No folder and no table says the class, but the names of the files seem to. Is this right?"
    alone = class_name or ("" if folders.split_of else folders.name_of_all())
    if alone and not any(each.key != "names-digit" for each in found if not each.key.startswith("names")):
        one = Candidate("one-class", f"All in class '{alone}'", lambda: _one_class(pictures, alone))
        found = [one, *found] if class_name else [*found, one]
        question = "" if class_name or len(found) == 1 else question
    if not found:
        raise OwnDataError(_nothing(pictures, tables, folders))
    chosen = next((each for each in found if each.key == reading), None)
    if reading and chosen is None:
        offered = ", ".join(each.key for each in found)
        raise OwnDataError(f"These pictures cannot be read as '{reading[:40]}'; possible are: {offered}.")
    layout = (chosen or found[0]).layout
    layout.question = "" if reading else question
    layout.alternatives = {each.key: each.words for each in found}
    layout.notes = [*notes.get(layout.key.partition("-")[0], []), *layout.notes]
    if listing.encoding:
        layout.notes.append(f"The names of the files are read as {listing.encoding}.")
    layout.trees = {each.key: each.layout.tree() for each in found} if layout.question else {layout.key: layout.tree()}
    return layout


def _exported(listing: Listing) -> Layout | None:
    """Of a ZIP that was written here, as its comment says; None for others, and where pictures were put beside its folders."""
    names = names_of_export(listing.comment)
    if names is None or not all(len(each.parts) == 3 and each.parts[0] in SPLITS for each in listing.pictures):
        return None
    layout = Layout("A dataset that was downloaded here, with its classes and parts.", key=EXPORTED, is_settled=True)
    for entry in listing.pictures:
        split, folder, _ = entry.parts
        layout.pictures.append(Placed(entry, tidy_class(names.get(folder, folder)), split))
    layout.parts = {split: split for split in {each.split for each in layout.pictures}}
    layout.alternatives = {EXPORTED: layout.words}
    layout.trees = {EXPORTED: layout.tree()}
    return layout


def _no_picture(listing: Listing) -> str:
    others = ", ".join(passed_over(files, kind) for kind, files in listing.skipped.items())
    only = f", only {others}" if others else ""
    remedy = (
        "unpack what is packed again, and bring a folder of pictures or a ZIP of it"
        if PACKED in listing.skipped
        else "bring a ZIP or a folder with PNG or JPEG files"
    )
    return f"There is no picture in it{only}; {remedy}."


def _weighed(
    folders: Folders, table: Candidate | None, tables: list[Table]
) -> tuple[list[Candidate], str, dict[str, list[str]]]:
    """(readings, the likeliest first; question; notes by the first word of a key). Class folders beat a column that nothing
    names; a column of labels that contradicts them is a question."""
    if table is None:
        return folders.candidates, folders.question, {}
    laid = table.layout
    name = next(each for each in tables if each.rows).entry.parts[-1]
    if not folders.candidates:
        total = len(laid.pictures) + laid.without_class
        splits = {split for split in folders.split_of.values() if split} or {""}
        some_part = any(
            sum((folders.split_of.get(id(each.entry), "") == split) for each in laid.pictures)
            > ENOUGH * max(1, sum(each == split for each in folders.split_of.values()))
            for split in splits
        )
        return ([table] if len(laid.pictures) > ENOUGH * total or (some_part and folders.split_of) else []), "", {}
    first = folders.candidates[0].layout
    label_of = {id(each.entry): each.class_name for each in laid.pictures}
    both = [(each.class_name, label_of[id(each.entry)]) for each in first.pictures if id(each.entry) in label_of]
    if len(first.classes()) < 2 and len(laid.classes()) > 1:
        return [table, *folders.candidates], folders.question, {}
    named = any(each.is_named for each in tables)
    if len(both) <= ENOUGH * len(first.pictures) or len(laid.classes()) < 2:
        unclear = [f"'{name}' lies beside: {note}" for note in laid.notes if "in several folders" in note]
        return folders.candidates, folders.question, {"level": unclear}
    if _agreement(both) >= AGREE:
        return [*folders.candidates, table], folders.question, {}
    if not named:
        note = f"'{name}' lies beside; it says something else than the folders and is passed over."
        return [*folders.candidates, table], folders.question, {"level": [note]}
    question = f"The folders and the labels in '{name}' say different classes. Which are right?"
    return [*folders.candidates, table], question, {}


def _agreement(pairs: list[tuple[str, str]]) -> float:
    """The share of pictures on which the table says of each folder's class always the same, whatever it calls it."""
    if not pairs:
        return 0.0
    counted: dict[str, dict[str, int]] = {}
    for folder, label in pairs:
        counted.setdefault(folder, {}).setdefault(label, 0)
        counted[folder][label] += 1
    best = {folder: max(labels, key=lambda label: labels[label]) for folder, labels in counted.items()}
    if len(set(best.values())) < len(best):
        return 0.0
    return sum(counted[folder][label] for folder, label in best.items()) / len(pairs)


def _one_class(pictures: list[SourceFile], name: str) -> Layout:
    return Layout(f"All in class '{name}'.", [Placed(entry, tidy_class(name)) for entry in pictures], key="one-class")


def _nothing(pictures: list[SourceFile], tables: list[Table], folders: Folders) -> str:
    """Why nothing says a class, and what to do."""
    measured = next((table for table in tables if table.numbers), None)
    if measured is not None:
        return (
            f"'{measured.entry.parts[-1]}' has {measured.numbers:,} different numbers in the column '{measured.column}': values "
            "to estimate, no classes; here pictures are told apart by class, so sort the values into a few groups first."
        )
    several = sum(table.several for table in tables)
    if several:
        return (
            f"{count(several, 'row')} of the table have several classes or none; here each picture has exactly one, so "
            "keep one for each."
        )
    remedy = "put each class into a folder of its own, or add a CSV file with the columns 'file' and 'label'."
    if folders.split_of:
        listed = ", ".join(f"'{name}'" for name in folders.parts.values())
        return f"The folders {listed} say only what is for training and test, and nothing says the classes; {remedy}"
    return f"All {len(pictures):,} pictures lie together, so nothing says of which class; {remedy}"
