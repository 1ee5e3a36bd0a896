"""What a school's data officer files: one printable HTML page about this very installation, which asks for nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from datetime import date
from html import escape
from pathlib import Path

from core.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.export.kept import LASTS as FILES_LAST
from core.game.played import game_of
from core.image_sets.folders import deleted_datasets, list_datasets, sets_folder
from core.image_sets.imports import imports_folder, list_jobs
from core.image_sets.keeping import Keeping, all_erased, day_words, erased, keeping_of
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.zip_names import NAMES
from core.lessons.progress import lessons_folder
from core.lessons.whose_digits import collection
from core.nodes.parcels import UNUSED_SECONDS
from core.nodes.registry import nodes
from core.privacy.access import Access
from core.privacy.erasing import source_of
from core.runs.store import list_runs
from core.runs.trash import deleted_runs
from core.runs.workspace import NAME
from core.sharing import LASTS, WAIT
from core.text.numbers import count
from core.text.printed import bullets, printed_page

HERE = Path(__file__).parent
DAY = 24 * 3600.0  # seconds
DELETED = "until someone deletes them"


def privacy_sheet(data_folder: Path, runs_folder: Path, access: Access, today: date) -> str:
    """HTML: what is kept where and for how long, who sees it, what leaves, and how it is deleted."""
    body = "".join(
        _section(title, inside)
        for title, inside in (
            ("Pictures that people brought", _pictures(data_folder)),
            ("What else is kept", _others(data_folder, runs_folder)),
            ("Who sees it", bullets(_seen(runs_folder, access))),
            ("What leaves this computer, and what comes in", bullets(_leaves())),
            ("How it is deleted", bullets(_deleting(data_folder))),
            ("What TrainDesk cannot delete", bullets(_beyond(runs_folder))),
        )
    )
    return printed_page(
        HERE,
        "sheet",
        f"Pictures and privacy: TrainDesk on {escape(socket.gethostname())}",
        day=day_words(today),
        lead=escape(f"Pictures lie in {data_folder} on the computer {socket.gethostname()}. {access.who_sees()}"),
        body=body,
    )


def _pictures(data_folder: Path) -> str:
    rows = [_dataset_row(each, "") for each in list_datasets(data_folder)]
    rows += [_dataset_row(each, " (in the trash)") for each in deleted_datasets(data_folder)]
    for job in list_jobs(data_folder):
        files = sum(1 for each in job.uploads.rglob("*") if each.is_file() and each.name != NAMES)
        title = job.title if job.title != job.id else "Drawings or photos being collected"
        rows.append(
            (f"{title} (not a dataset yet)", str(imports_folder(data_folder) / job.id), files, _until(job.folder))
        )
    kept = (
        "<p>Of each picture: the picture itself, at most 512 pixels a side, the name of its file, its class, and numbers that "
        "are computed from it. What a photo says of place, time and camera goes when it is made smaller; smaller files are kept "
        "as they came. Each earlier version of a dataset keeps the pictures that it had.</p>"
    )
    if not rows:
        return "<p>None at this moment.</p>" + kept
    return _table(("Dataset", "Folder", "Pictures", "Kept"), rows) + kept


def _dataset_row(dataset: OwnDataset, where: str) -> tuple[str, str, object, str]:
    try:
        pictures: object = len(dataset.members(disabled=True).images)
    except OwnDataError:
        pictures = "unreadable"
    return dataset.title + where, str(dataset.folder), pictures, _until(dataset.folder)


def _until(folder: Path) -> str:
    return until_words(keeping_of(folder))


def until_words(kept: Keeping) -> str:
    """Until when, "until 4 December 2026"."""
    return f"until {day_words(kept.goes)}" if kept.goes else DELETED


def _others(data_folder: Path, runs_folder: Path) -> str:
    runs = [*list_runs(runs_folder), *deleted_runs(runs_folder)]
    own = sum(1 for run in runs if source_of(run))
    made = f"{FILES_LAST / DAY:.0f} days after they were made, when the dashboard looks next"
    rows = [
        (
            f"Trainings: {len(runs)}, {own} of them on pictures that people brought",
            str(runs_folder),
            "The trained network, settings with names of classes, numbers and a log; twelve small validation pictures, "
            "which go when the dataset goes on its day.",
            "until someone deletes the run and empties the trash",
        ),
        (
            "Decoded copies for training",
            str(data_folder / "cache"),
            "The same pictures, smaller.",
            "until the dataset goes",
        ),
        (
            "Drawings that people corrected on Classify",
            str(data_folder / "own"),
            f"{sum(1 for _ in (data_folder / 'own').glob('*/*/*.png'))} pictures.",
            "those of a dataset until it goes on its day, others until someone deletes that folder",
        ),
        (
            "Reports, pages and packages",
            str(runs_folder / NAME / "exports"),
            "They may hold small copies of pictures.",
            made,
        ),
    ]
    return _table(("What", "Where", "Content", "Kept"), [*rows, *_of_classes(data_folder, runs_folder)])


def _of_classes(data_folder: Path, runs_folder: Path) -> list[tuple[str, str, str, str]]:
    """Rows about what lessons, the class game and visits leave."""
    drawn = collection(data_folder)
    return [
        (
            "Digits drawn in the lesson Whose digits",
            str(drawn.folder),
            f"{count(sum(map(len, drawn.drawings().values())), 'drawing')}, each with the name that its writer typed; so it "
            "is in datasets whose drawings say who drew them.",
            "until the host removes them in the lesson; a dataset as it is said above",
        ),
        (
            "How far lessons have come",
            str(lessons_folder(runs_folder)),
            "A file for each guest's browser, here.json for this computer: when a lesson was begun and what was answered, the "
            "name typed in Whose digits too.",
            "until someone deletes the file, as TrainDesk deletes none; a lesson begun anew forgets its earlier answers",
        ),
        (
            "The class game",
            str(runs_folder / NAME),
            f"{count(len(game_of(runs_folder).groups()), 'name')} that groups typed.",
            "until the host clears the board",
        ),
        (
            "Who is who",
            str(runs_folder / NAME),
            "No accounts, no e-mail, no names but those typed by themselves: a random number in a cookie says which browser "
            "made what.",
            f"{LASTS / DAY:.0f} days in the browser; beside a run or a dataset as long as that is kept",
        ),
        (
            "Addresses of visitors",
            "memory",
            "Only after a wrong password, to slow down guessing.",
            f"about {WAIT:.0f} seconds, never on disk",
        ),
    ]


def _seen(runs_folder: Path, access: Access) -> list[str]:
    said = [access.who_sees()]
    if access.has_passwords:
        said.append("Guests see all datasets and runs, and change or delete only what was made in the same browser.")
    if names := [node.name for node in nodes(runs_folder)]:
        said.append(
            f"Computers that have joined to train runs ({', '.join(names)}) are sent the pictures of the runs that they train, "
            "encrypted."
        )
    return said


def _leaves() -> list[str]:
    kinds = [(kind.label, kind.model_validate({}).info()) for name, kind in DATASETS.items() if name != "own_images"]
    datasets = [label for label, info in kinds if info.download_bytes]
    nets = [kind.label for _, kind in ARCHITECTURES.items() if hasattr(kind, "weights_bytes")]
    return [
        "Nothing leaves it by itself: no picture, no drawing, no statistics. Pictures given on Classify are answered here and "
        "are not kept unless someone presses Keep. No company processes them.",
        f"Downloads come in when someone asks for them: published datasets ({', '.join(datasets)}) and published networks "
        f"({', '.join(nets)}). Their servers see the internet address of this computer, and nothing of its pictures.",
        "People can save datasets, pages, reports and runs as files. What becomes of those is theirs to answer for.",
    ]


def _deleting(data_folder: Path) -> list[str]:
    sets = sets_folder(data_folder)
    gone = sorted((found for each in all_erased(sets) if (found := erased(sets, each))), key=lambda found: found.day)
    so_far = f"{len(gone)}, the last on {gone[-1].on}" if gone else "none"
    return [
        "A dataset or a collection can be given a number of days. On its day it is removed for good, from the trash too, with "
        "its decoded copies, corrected drawings, watched pictures of runs and the files that were made of those runs. If no "
        "dashboard runs on that day it happens when one is started.",
        "Deleted by hand, a dataset lies in the trash until the host empties it or its day comes; a removed picture lies in the "
        "earlier versions until the dataset goes.",
        "Runs that learned from deleted pictures stay, and say on which day those were deleted.",
        f"Datasets that were deleted on their day so far: {so_far}.",
    ]


def _beyond(runs_folder: Path) -> list[str]:
    said = [
        "Files that people saved from it, and backups of this computer.",
        "What a trained network has learned: it holds no pictures, only numbers, and stays with its run.",
        "Files are removed as the system removes them: a laboratory may find traces on a disk that is not encrypted.",
        "Thumbnails in the memory of the dashboard, which end with it, and in a page of a browser that is open.",
    ]
    if nodes(runs_folder):
        said.append(
            f"Copies on other computers that trained with them go {UNUSED_SECONDS / DAY:.0f} days after their last use there; "
            "to be rid of them at once, delete the data folder of that computer."
        )
    return said


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inside}</section>"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    top = "".join(f"<th scope='col'>{escape(each)}</th>" for each in head)
    inside = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{inside}</tbody></table>"
