"""Where datasets of someone's own lie: DATA/sets/<id>, deleted ones in DATA/sets/.trash/<id>."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

from core.files import discard_folder, move_folder, remedy
from core.image_sets.edit import checked_name
from core.image_sets.keeping import erased
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.machine.trash import Trash

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


def sets_folder(data_folder: Path) -> Path:
    """Where accepted datasets lie."""
    return data_folder / "sets"


def dataset_at(set_id: str, data_folder: Path) -> OwnDataset:
    """The dataset of that id, whether it is there or not. Raises OwnDataError for what is no id."""
    if not NAME.fullmatch(set_id):
        raise OwnDataError(f"'{set_id[:60]}' is no name of a dataset; choose one on the Data page.")
    return OwnDataset(sets_folder(data_folder) / set_id)


def find_dataset(set_id: str, data_folder: Path) -> OwnDataset:
    """Raises OwnDataError when it is not there."""
    dataset = dataset_at(set_id, data_folder)
    if not dataset.file.is_file():
        if gone := erased(sets_folder(data_folder), set_id):
            raise OwnDataError(f"The pictures of dataset '{set_id}' were deleted on {gone.on}, as was chosen for them.")
        raise OwnDataError(
            f"Dataset '{set_id}' is not in {sets_folder(data_folder)}; choose another or bring it again."
        )
    return dataset


def list_datasets(data_folder: Path) -> list[OwnDataset]:
    """Those that were accepted, the newest first."""
    found = []
    for folder in sets_folder(data_folder).glob("*"):
        if NAME.fullmatch(folder.name) and (folder / "pictures.sqlite").is_file():
            found.append(OwnDataset(folder))
    return sorted(found, key=lambda dataset: dataset.id, reverse=True)


def new_id(title: str) -> str:
    """A folder name that tells when it was made and what it is about."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{words or 'pictures'}"


def accept(staged: OwnDataset, title: str, data_folder: Path) -> OwnDataset:
    """Makes an import a dataset, all at once. Raises OwnDataError."""
    title = checked_name(title, "A dataset")
    staged.set_about(title=title)
    first = new_id(title)
    for number in range(1, 1000):
        place = sets_folder(data_folder) / (first if number == 1 else f"{first}-{number}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                move_folder(staged.folder, place)
                return OwnDataset(place)
        except OSError as error:
            if not place.exists():
                raise OwnDataError(
                    f"The dataset cannot be kept in {place.parent} ({error.strerror}); {remedy(error)}."
                ) from error
    raise OwnDataError(f"There are too many datasets called '{title}'; give it another name.")


def cache_name(set_id: str) -> str:
    """How the folders begin that keep a dataset's decoded pictures, in DATA/cache."""
    return f"own_images-{set_id}"


def forget_decoded(set_id: str, data_folder: Path, but: int = 0) -> None:
    """Removes what is kept decoded of a dataset, but for the newest few; a training that reads it keeps its open files,
    and on Windows all of that folder."""
    found = []
    for folder in (data_folder / "cache").glob(f"{cache_name(set_id)}-*"):
        with contextlib.suppress(OSError):  # another process removes it too
            found.append((folder.stat().st_mtime_ns, folder))
    gone = [folder for _, folder in sorted(found, reverse=True)[but:]]
    if not but:
        gone += (data_folder / "decoded").glob(
            f"{cache_name(set_id)}-*"
        )  # for other computers: see `core.nodes.parcels`
    for folder in gone:
        discard_folder(folder)


def delete_dataset(dataset: OwnDataset) -> None:
    """Moves it into the trash, from where `restore_dataset` brings it back; what was decoded of it goes. Raises OwnDataError."""
    forget_decoded(dataset.id, dataset.folder.parent.parent)
    try:
        Trash(dataset.folder.parent).put(dataset.id)
    except OSError as error:
        raise OwnDataError(f"The dataset could not be deleted ({error.strerror}); check {dataset.folder}.") from error


def restore_dataset(set_id: str, data_folder: Path) -> OwnDataset:
    """Raises OwnDataError."""
    dataset = dataset_at(set_id, data_folder)
    try:
        return OwnDataset(Trash(dataset.folder.parent).take_out(set_id))
    except OSError as error:
        raise OwnDataError(f"The dataset could not be brought back ({error.strerror}).") from error


def deleted_datasets(data_folder: Path) -> list[OwnDataset]:
    """Those that were deleted and can be brought back, the one that was deleted last first."""
    trash = Trash(sets_folder(data_folder))
    found = (OwnDataset(trash.folder / name) for name in trash.names())
    return [dataset for dataset in found if dataset.file.is_file()]


def empty_trash(data_folder: Path) -> None:
    """For good. Raises OwnDataError when something could not be removed, after all else was."""
    trash = Trash(sets_folder(data_folder))
    for name in trash.names():  # what a training had open when it was deleted
        forget_decoded(name, data_folder)
    problems = [*trash.give_up(), *trash.remove()[1]]
    if problems:
        raise OwnDataError(f"Not all could be removed ({problems[0].strerror}); check {trash.folder}.")
