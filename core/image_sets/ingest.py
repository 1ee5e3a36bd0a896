"""Ingesting: reads a ZIP or a folder, decodes its pictures in parallel, and leaves a dataset that waits to be accepted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.image_sets.edit import editing
from core.image_sets.image_record import KEPT_SIDE, ImageRecord, image_records
from core.image_sets.layout import Layout, Placed, recognise
from core.image_sets.layouts.placed import natural
from core.image_sets.likeness import Likeness, compare
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.read_ahead import in_order
from core.image_sets.sources import opened, read_all
from core.image_sets.splitting import held_out_groups
from core.images.read import has_pages
from core.machine.cores import usable_cores
from core.machine.processes import helpers
from core.text.numbers import count, fitting

CHUNK_FILES = 256
CHUNK_BYTES = 8 * 2**20
FEW = 300  # files that are decoded quicker than helper processes start
NAMED = 500  # unreadable files that are named; of more the number is given

Progress = Callable[[str, int, int], None]  # phase, done, of how many


class Cancelled(Exception):
    """Someone does not want the import any more; raised by the progress function."""


@dataclass
class Report:
    """What happened to the files."""

    layout: str = ""
    notes: list[str] = field(default_factory=list)
    pictures: int = 0
    skipped: dict[str, int] = field(default_factory=dict)  # why -> files
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # file, what is wrong with it
    unreadable_count: int = 0
    turned: int = 0  # lay on their side
    reduced: int = 0  # are kept smaller than they came
    paged: int = 0  # TIFF files with more pages than the first, which is the one that is kept


def ingest(
    path: Path,
    folder: Path,
    title: str,
    progress: Progress,
    class_name: str = "",
    reading: str = "",
    told: Callable[[Layout], None] = lambda layout: None,
) -> tuple[OwnDataset, Report]:
    """Makes a dataset in `folder` of a ZIP or a folder of pictures, read as `reading` says (a key of Layout.alternatives).

    `told` is called with the layout before anything is decoded. Raises OwnDataError, and what `progress` and `told` raise.
    """
    progress("Looking through the files", 0, 0)
    with opened(path) as listing:
        layout = recognise(listing, class_name, reading)
        if not layout.pictures:
            raise OwnDataError("No picture belongs to a class; put each class into a folder of its own.")
        told(layout)
        report = Report(layout=layout.words, notes=layout.notes, skipped=dict(listing.skipped))
        if layout.without_class:
            report.skipped["pictures outside of any class"] = layout.without_class
        dataset = OwnDataset.create(folder, title)
        placed = _decode(dataset, layout.pictures, report, progress)
    if not placed:
        raise OwnDataError(
            f"None of the {len(layout.pictures):,} pictures can be read; save them as PNG or JPEG and try again."
        )
    progress("Looking for doubles", 0, 0)
    _place(dataset, placed, compare(dataset), report, layout.is_settled)
    if report.paged:
        several = f"{count(report.paged, 'file')} {fitting(report.paged, 'have')}"
        report.notes.append(f"{several} several pages, of which the first is taken.")
    report.pictures = len(placed)
    return dataset, report


def _decode(
    dataset: OwnDataset, pictures: list[Placed], report: Report, progress: Progress
) -> list[tuple[int, Placed]]:
    """Stores every readable picture; returns the image number of each."""
    done, stored = 0, list[tuple[int, Placed]]()
    with _records(pictures, report) as results, dataset.connected() as connection:
        number = connection.execute("select coalesce(max(id), 0) from images").fetchone()[0]
        for chunk, records in results:
            images, contents = [], []
            for each, record in zip(chunk, records, strict=True):
                if isinstance(record, str):
                    report.unreadable_count += 1
                    if len(report.unreadable) < NAMED:
                        report.unreadable.append((each.entry.name, record))
                    continue
                number += 1
                stored.append((number, each))
                report.turned += record.turned
                report.reduced += max(record.width, record.height) > KEPT_SIDE
                images.append(
                    (number, record.digest, each.entry.name, record.width, record.height, int(record.colour),
                     int(record.turned), record.mean, record.square, record.hash, record.grey)
                )  # fmt: skip
                contents.append((number, record.data))
            connection.executemany("insert into images values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", images)
            connection.executemany("insert into contents values (?, ?)", contents)
            done += len(chunk)
            progress("Reading the pictures", done, len(pictures))
    return stored


@contextlib.contextmanager
def _records(
    pictures: list[Placed], report: Report
) -> Iterator[Iterator[tuple[list[Placed], list[ImageRecord | str]]]]:
    """(pictures, what is known of them) in order, by helper processes where there are many."""
    workers = usable_cores()
    work = ((chunk, ([each.entry.name for each in chunk], data)) for chunk, data in _chunks(pictures, report))
    if len(pictures) <= FEW or workers < 2:
        yield ((chunk, image_records(*arguments)) for chunk, arguments in work)
        return
    pool = helpers(workers)
    try:
        yield in_order(pool, image_records, work, 2 * workers)
    except BrokenExecutor as error:
        raise OwnDataError(f"A process that reads pictures ended ({error}); there may be too little memory.") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _chunks(pictures: list[Placed], report: Report) -> Iterator[tuple[list[Placed], list[bytes | str]]]:
    start, data, size = 0, list[bytes | str](), 0
    for end, (_, content) in enumerate(read_all([each.entry for each in pictures]), start=1):
        data.append(content)
        report.paged += isinstance(content, bytes) and has_pages(content)
        size += len(content)
        if len(data) >= CHUNK_FILES or size >= CHUNK_BYTES or end == len(pictures):
            yield pictures[start:end], data
            start, data, size = end, [], 0


def _place(
    dataset: OwnDataset, stored: list[tuple[int, Placed]], likeness: Likeness, report: Report, is_settled: bool
) -> None:
    """Version 1: every picture in its class; one in five is kept for the test where no folder says which."""
    names = list(dict.fromkeys(sorted((each.class_name for _, each in stored), key=natural)))
    class_of = {name: place for place, name in enumerate(names)}
    classes = np.array([class_of[each.class_name] for _, each in stored])
    rows = np.searchsorted(likeness.numbers, [number for number, _ in stored])
    held = np.zeros(len(stored), dtype=bool)
    if not is_settled and all(each.split != "test" for _, each in stored):
        free = np.array([each.split != "val" for _, each in stored])
        held[free] = held_out_groups(classes[free], likeness.together[rows][free])
        report.notes.append("One in five pictures of each class is kept for the test.")
    with editing(dataset, f"{len(stored):,} pictures brought") as edit:
        ids = {name: edit.class_of_name(name) for name in names}
        edit.place(
            (number, ids[each.class_name], "test" if hold else each.split or "train", group)
            for (number, each), hold, group in zip(
                stored, held.tolist(), likeness.group_ids[rows].tolist(), strict=True
            )
        )
