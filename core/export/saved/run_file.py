"""A run in one file, NAME.traindesk: saved on one computer, opened on another, where its curves are read, its network is tried
and its training goes on.

The file is a ZIP of what the run's folder holds of the training itself (`run_parts`), of the pictures if wished, and of a
manifest with the size and the checksum of each.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.datasets.own_images import OwnImages
from core.errors import TrainDeskError
from core.export.saved import pictures as saved_pictures
from core.export.saved.archive import (
    CHUNK,
    FORMAT,
    MANIFEST,
    PICTURES,
    RUN,
    TABLE,
    Manifest,
    NotARun,
    SavedFile,
    check_packed,
    looked_through,
)
from core.export.saved.opened_runs import ID, ORIGIN, Origin, known
from core.export.saved.run_parts import Places, log_that_leaves, metadata_that_leaves, parts_of
from core.export.saved.version import program_version
from core.export.telling import Tell
from core.files import move_folder, opened, read_json, remedy, remove_file, remove_folder, replace_file
from core.image_sets.folders import find_dataset, sets_folder
from core.machine.devices import list_devices, most_devices
from core.run_config import RunConfig
from core.runs.disk import FULL, disk_usage
from core.runs.metadata import LONGEST_TITLE, read_metadata, title_of
from core.runs.queue import locked
from core.runs.store import Run, write_config
from core.settings.stored import write_stored
from core.text.numbers import bytes_in_words

OPENING = ".opening-"  # begins the names of folders that are in the making
LEFT_OVER_SECONDS = 24 * 3600  # one of this age belongs to a process that died
PACKED = (".json", ".jsonl")  # files that get smaller; networks and pictures do not


class AlreadyHere(TrainDeskError):
    """The run of a file is among those that are here, which is `run`."""

    def __init__(self, sentence: str, run: Run):
        super().__init__(sentence)
        self.run = run


def save_run(
    run: Run, place: Path, which: str, data_folder: Path, tell: Tell, pictures: bool = False
) -> dict[str, Any]:
    """Writes the run as it is at this moment, be it that it trains, with all its checkpoints (`which` chooses none), and with the
    `pictures` of its own dataset.

    Returns {"run", "bytes", "files", "pictures"}. Raises TrainDeskError; then nothing lies at the place.
    """
    config, status = run.config(), run.status()
    own = config.dataset if isinstance(config.dataset, OwnImages) and pictures else None
    if own and not saved_pictures.is_here(own, data_folder):
        raise TrainDeskError(f"The pictures of '{own.title()}' are not in {data_folder}; save the run without them.")
    part = place.with_name(f".{place.name[:100]}.{secrets.token_hex(4)}.part")
    files: dict[str, tuple[int, str]] = {}
    try:
        try:
            with zipfile.ZipFile(part, "x") as archive:
                for name, content in _contents(run, data_folder, status.is_active, tell):
                    files[RUN + name] = _write(archive, RUN + name, content)
                if own:
                    dataset = find_dataset(own.source, data_folder)
                    total = max(1, len(dataset.members(own.version).images))
                    for number, (name, data) in enumerate(saved_pictures.contents_of(dataset, own.version)):
                        files[name] = _write(archive, name, [data])
                        if number % 100 == 0:
                            tell(0.5 + 0.5 * number / total, "Writing the pictures")
                shown = sum(name.startswith(PICTURES) for name in files) - 1 if own else 0
                manifest = Manifest(FORMAT, "run", program_version(), run.id, status.name, shown, files)
                _write(archive, MANIFEST, [json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()])
            replace_file(part, place)
        finally:
            remove_file(part)
    except OSError as error:
        raise TrainDeskError(f"{place} could not be written ({error.strerror}); {remedy(error)}.") from error
    tell(1.0, "Saved")
    return {"run": run.id, "bytes": place.stat().st_size, "files": len(files), "pictures": shown}


def _contents(run: Run, data_folder: Path, is_active: bool, tell: Tell) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(name, chunks) of what leaves, the log last, see `parts_of`."""
    parts = parts_of(run)
    for number, (name, path) in enumerate(parts.items()):
        tell(0.4 * number / len(parts), "Writing the network")
        try:
            stream = opened(path)
        except FileNotFoundError:  # of an earlier epoch, which the worker has just let go of
            continue
        with stream:
            yield name, iter(lambda stream=stream: stream.read(CHUNK), b"")  # type: ignore[misc]
    tell(0.45, "Writing the curves")
    yield "labels.json", [json.dumps(asdict(metadata_that_leaves(run)), ensure_ascii=False, indent=1).encode()]
    places = Places.here(run.folder, run.folder.parent, data_folder)
    with contextlib.suppress(FileNotFoundError), opened(run.event_log) as log:
        yield "events.jsonl", log_that_leaves(log, places, is_active)


def _write(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
    """(bytes, SHA-256) of what was written."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(PACKED) else zipfile.ZIP_STORED
    size, digest = 0, hashlib.sha256()
    with archive.open(entry, "w", force_zip64=True) as stream:
        for chunk in chunks:
            stream.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def open_run(path: Path, runs_folder: Path, data_folder: Path, owner: str) -> Run:
    """Brings a saved run into the folder of runs, whole or not at all, as `owner`'s; and its pictures, unless they are here.

    It keeps its id where that is free, and nothing that is here is changed. Raises AlreadyHere for one that is here as far as the
    file has it, NotARun for a file that is none or not all of one, TrainDeskError where there is no room.
    """
    with looked_through(path) as saved:
        _check_room(saved, runs_folder, data_folder)
        try:
            runs_folder.mkdir(parents=True, exist_ok=True)
            _forget_left_over(runs_folder, sets_folder(data_folder))
            with _hidden(runs_folder) as folder, _hidden(sets_folder(data_folder)) as hidden_set:
                staged = Run(folder)
                staged.folder.mkdir()
                config = _unpack(saved, staged)
                if run := known(saved.digest(), saved.manifest.run, staged, runs_folder):
                    came = _bring_missing(saved, run, data_folder, owner, hidden_set)
                    what = "its pictures, which were missing, came from there" if came else "nothing was changed"
                    title = title_of(run, config)
                    raise AlreadyHere(f"'{title}' is here already, as far as '{saved.name}' has it; {what}.", run)
                config = _at_home(config, staged)
                set_place = _bring_pictures(saved, config, data_folder, owner, hidden_set)
                if set_place is not None and set_place.name != config.value_at("dataset.source"):
                    config = config.with_changes({"dataset.source": set_place.name})
                write_config(staged, config, staged.created())
                write_stored(
                    staged.metadata_file, replace(read_metadata(staged), owner=owner[:LONGEST_TITLE], favourite=False)
                )
                write_stored(staged.folder / ORIGIN, Origin(saved.manifest.run, saved.digest()))
                return _put_in_place(staged, saved.manifest.run, runs_folder, hidden_set, set_place)
        except OSError as error:
            raise TrainDeskError(
                f"'{saved.name}' could not be opened ({error.strerror}: {error.filename}); {remedy(error)}."
            ) from error


def _check_room(saved: SavedFile, runs_folder: Path, data_folder: Path) -> None:
    for folder, kinds in ((runs_folder, (RUN,)), (data_folder, (PICTURES,))):
        needed = sum(size for name, (size, _) in saved.manifest.files.items() if name.startswith(kinds))
        usage = disk_usage(folder)
        if usage is not None and needed + FULL > usage.free:
            raise TrainDeskError(
                f"'{saved.name}' unpacks to {bytes_in_words(needed)} and only {bytes_in_words(usage.free)} are free on the disk "
                f"of {folder}, of which {bytes_in_words(FULL)} stay free; make room, then open it again."
            )


def _unpack(saved: SavedFile, run: Run) -> RunConfig:
    """Writes the files of the run into its folder, and says what it is. Raises NotARun, OSError."""
    for name in saved.names(RUN):
        target = run.folder / name.removeprefix(RUN)
        target.parent.mkdir(exist_ok=True)
        with target.open("xb") as stream:
            saved.copy(name, stream)
        if target.suffix in (".pt", ".npz") and (wrong := check_packed(target)):
            raise NotARun(
                f"'{saved.name}' holds a file '{target.name}' that no saved run does ({wrong}); nothing of it was opened."
            )
    said = read_json(run.config_file)
    if not isinstance(said, dict) or not {"architecture", "dataset"} <= said.keys():
        raise NotARun(f"'{saved.name}' does not say which network it has and what it learned from; nothing was opened.")
    try:
        return run.config()
    except TrainDeskError as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise NotARun(
            f"'{saved.name}' has settings that this TrainDesk does not take ({first}); if it was saved by a newer one, update "
            "this one, otherwise save the run anew."
        ) from error


def _at_home(config: RunConfig, run: Run) -> RunConfig:
    """The config on devices that are here: a run of a computer with a GPU goes on with what there is."""
    device = config.training.device if config.training.device in list_devices() else "auto"
    devices = min(config.training.devices, most_devices(device))
    return config.with_changes({"training.device": device, "training.devices": devices})


def _bring_pictures(saved: SavedFile, config: RunConfig, data_folder: Path, owner: str, hidden: Path) -> Path | None:
    """Makes a dataset of the pictures in the file in a hidden folder and says where it belongs; None where the run has none of
    its own, they are here, or the file has none."""
    dataset = config.dataset
    if (
        not isinstance(dataset, OwnImages)
        or TABLE not in saved.manifest.files
        or saved_pictures.is_here(dataset, data_folder)
    ):
        return None
    saved_pictures.brought(saved, dataset, data_folder, owner, hidden)
    return saved_pictures.place_for(dataset, data_folder)


def _bring_missing(saved: SavedFile, run: Run, data_folder: Path, owner: str, hidden: Path) -> bool:
    """Whether the pictures of a run that is here were not, and are now."""
    with contextlib.suppress(TrainDeskError):  # its config is damaged here
        config = run.config()
        place = _bring_pictures(saved, config, data_folder, owner, hidden)
        if place is not None and place.name == config.value_at("dataset.source"):
            move_folder(hidden, place)
            return True
    return False


def _put_in_place(staged: Run, run_id: str, runs_folder: Path, hidden_set: Path, set_place: Path | None) -> Run:
    """The dataset first, then the run, each in one step; where the second fails, the first is taken away again."""
    with locked(runs_folder):  # or another that opens the same file might take the same id
        place = _free_place(staged, run_id, runs_folder)
        if set_place is not None:
            move_folder(hidden_set, set_place)
        try:
            move_folder(staged.folder, place)
        except OSError:
            if set_place is not None:
                remove_folder(set_place)
            raise
    return Run(place)


def _free_place(staged: Run, run_id: str, runs_folder: Path) -> Path:
    """The folder of the id that it had, or of one like it; ids that are no run's are not taken over."""
    if not ID.fullmatch(run_id):
        run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(staged.created()))}-opened"
    taken = (runs_folder, runs_folder / ".trash")
    while any((folder / run_id).exists() for folder in taken):
        run_id = f"{run_id[:60]}-{secrets.token_hex(2)}"
    return runs_folder / run_id


@contextlib.contextmanager
def _hidden(beside: Path) -> Iterator[Path]:
    """The place for a folder that nobody sees; what is left there at the end goes."""
    folder = beside / f"{OPENING}{secrets.token_hex(4)}"
    try:
        yield folder
    finally:
        remove_folder(folder)


def _forget_left_over(*folders: Path) -> None:
    for folder in (each for beside in folders for each in beside.glob(f"{OPENING}*")):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > LEFT_OVER_SECONDS:
                remove_folder(folder)
