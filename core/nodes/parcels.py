"""What another computer needs to train a run, as files by their content: pictures, weights, the earlier run, the run's own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.datasets import DatasetSettings
from core.datasets.cache import kept_files
from core.datasets.corrections import corrected_pictures
from core.errors import TrainDeskError
from core.export.saved.run_parts import most_bytes
from core.files import READERS_PATIENCE, patiently, remedy, remove_file, remove_folder, replace_file, write_atomically
from core.nodes.digests import Content, Digests
from core.nodes.getting_ready import get_ready
from core.run_config import RunConfig
from core.runs.store import Run
from core.workers.earlier import earlier_run

Root = Literal["data", "run"]
KINDS = ("decoded", "corrections", "earlier")  # folders of the data folder that hold nothing but what is or was sent
UNUSED_SECONDS = 14 * 86_400.0  # after which such a folder is removed
MOST_BYTES = 2**50  # of a file; what fits on the disk is looked at before
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDER = r"[A-Za-z0-9][\w.-]{0,140}-[0-9a-f]{16}"
_DATA = re.compile(
    rf"(decoded/{_FOLDER}/((train|test)_(pixels|labels)|train_kin)\.npy|corrections/{_FOLDER}/(pixels|labels)\.npy"
    rf"|earlier/{_FOLDER}/((best|last)\.pt|(config|labels)\.json)|weights/[A-Za-z0-9][\w.-]{{0,140}})",
    re.ASCII,
)


@dataclass(frozen=True)
class Parcel:
    """One file, and where it belongs on the computer that trains the run."""

    root: Root  # the data folder or the run's folder
    path: str  # below that, with "/" between
    size: int  # bytes
    digest: str  # SHA-256, hexadecimal
    source: Path = field(default=Path(), compare=False)  # where it lies on this computer; told nobody
    changed: int = field(default=0, compare=False)  # when that was changed last, in nanoseconds

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for another computer."""
        return {"root": self.root, "path": self.path, "size": self.size, "digest": self.digest}

    @classmethod
    def from_dict(cls, said: Any) -> Parcel:
        """Of what another computer says. Raises TrainDeskError unless it is a file of a known kind in its place."""
        values = said if isinstance(said, Mapping) else {}
        root, path, size, digest = (values.get(name) for name in ("root", "path", "size", "digest"))
        is_known = isinstance(path, str) and (
            bool(root == "data" and _DATA.fullmatch(path)) or bool(root == "run" and most_bytes(path))
        )
        if not is_known or path == "config.json":
            raise TrainDeskError(f"The other computer offers a file '{str(path)[:60]}', which no training needs.")
        if type(size) is not int or not 0 <= size <= (most_bytes(str(path)) if root == "run" else MOST_BYTES):
            raise TrainDeskError(f"The other computer says that '{path}' has {str(size)[:30]} bytes, which cannot be.")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise TrainDeskError(f"The other computer offers '{path}' without its SHA-256, so it is not taken.")
        return cls(root, path, size, digest)  # type: ignore[arg-type]

    @property
    def what(self) -> str:
        """What it is part of, in words."""
        first = self.path.partition("/")[0] if self.root == "data" else ""
        named = {"decoded": "the pictures", "corrections": "your corrections", "earlier": "the earlier run"}
        return named.get(first, "the weights" if self.root == "data" else "the run so far")


def needs(run: Run, data_folder: Path) -> list[Parcel]:
    """All that the run's worker will read on another computer beside its config; of what comes with the program nothing.

    What this computer lacks itself it downloads first, and pictures are decoded once for all
    computers, so that each trains on the very same. To be asked when the run is given away and not while it is trained. It may
    take minutes, in which it lets other threads work. Raises TrainDeskError.
    """
    config = run.config()
    digests = Digests(run.folder.parent)
    try:
        forget_unused(data_folder)
        found = [*_pictures(config, data_folder, digests), *_corrections(config, data_folder, digests)]
        if run.last.is_file():
            return found + _run_so_far(run, digests)
        start = _earlier(run, config, digests) or _weights(config, data_folder, digests)
        return found + start + _run_so_far(run, digests)
    except OSError as error:
        raise TrainDeskError(
            f"What run {run.id} needs on another computer cannot be got ready ({error.strerror}: {error.filename}); "
            f"{remedy(error)}."
        ) from error


def sizes(parcels: Iterable[Parcel]) -> int:
    """Bytes of all of them together, of equal files once."""
    return sum({parcel.digest: parcel.size for parcel in parcels}.values())


def forget_unused(data_folder: Path) -> None:
    """Removes what was sent or brought for runs of long ago."""
    for kind in KINDS:
        for folder in (data_folder / kind).glob("*"):
            if folder.is_dir() and time.time() - folder.stat().st_mtime > UNUSED_SECONDS:
                remove_folder(folder)


def _must_be_sent(dataset: DatasetSettings) -> bool:
    """Whether a computer with nothing but the program lacks it."""
    return not dataset.is_present(Path(".nothing"))


def _pictures(config: RunConfig, data_folder: Path, digests: Digests) -> list[Parcel]:
    dataset = config.dataset
    if not _must_be_sent(dataset):
        return []
    files = kept_files(dataset, data_folder)
    if not files:
        get_ready(dataset, data_folder)
        files = kept_files(dataset, data_folder)
    if not files:
        raise TrainDeskError(
            f"The pictures of {dataset.title()} cannot be sent to another computer, because nothing can be kept in "
            f"{data_folder / 'cache'}; free some space or allow writing there."
        )
    contents = {path.name: (path, digests.of(path)) for path in files}
    return _laid_out("decoded", dataset.cache_name(), contents, data_folder, digests)


def _corrections(config: RunConfig, data_folder: Path, digests: Digests) -> list[Parcel]:
    if not config.training.own_pictures:
        return []
    pictures, labels = corrected_pictures(config.dataset, data_folder)
    made = {}
    for name, values in (("pixels.npy", pictures), ("labels.npy", labels)):
        np.save(stream := io.BytesIO(), values, allow_pickle=False)
        made[name] = stream.getvalue()
    contents = {name: Content(hashlib.sha256(data).hexdigest(), len(data), 0) for name, data in made.items()}
    place = data_folder / _named("corrections", config.dataset.cache_name(), contents)
    place.mkdir(parents=True, exist_ok=True)
    os.utime(place)
    parcels = []
    for name, content in contents.items():
        path = place / name
        if not path.is_file() or digests.of(path).digest != content.digest:
            write_atomically(path, made[name])
        parcels.append(_parcel("data", path, digests.of(path), path.relative_to(data_folder).as_posix()))
    return parcels


def _laid_out(
    kind: str, of: str, contents: dict[str, tuple[Path, Content]], data_folder: Path, digests: Digests
) -> list[Parcel]:
    """Files linked into a folder that is called by what they hold: it stays when what they were made for is forgotten."""
    folder = _named(kind, of, {name: content for name, (_, content) in contents.items()})
    place = data_folder / folder
    place.mkdir(parents=True, exist_ok=True)
    os.utime(place)
    parcels = []
    for name, (source, content) in contents.items():
        path = place / name
        if not path.is_file() or digests.of(path).digest != content.digest:
            link_or_copy(source, path)
            digests.note(path, now := _as_it_is(path, content), stays=True)
        else:
            now = digests.of(path)
        parcels.append(_parcel("data", path, now, f"{folder}/{name}"))
    return parcels


def link_or_copy(source: Path, path: Path, link: bool = True) -> None:
    """The same file at another place, all at once; a copy where the disk has no links, or without `link`. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with contextlib.suppress(OSError):
            if link:
                os.link(source, temporary)
        if not temporary.is_file():
            patiently(lambda: shutil.copyfile(source, temporary), READERS_PATIENCE)
        replace_file(temporary, path)
    finally:
        remove_file(temporary)


def _earlier(run: Run, config: RunConfig, digests: Digests) -> list[Parcel]:
    found = earlier_run(run, config)
    if found is None:
        return []
    earlier, checkpoint = found
    files = [checkpoint, earlier.config_file, earlier.metadata_file]
    contents = {path.name: (path, digests.of(path)) for path in files if path.is_file()}
    folder = _named("earlier", earlier.id, {name: content for name, (_, content) in contents.items()})
    return [_parcel("data", path, content, f"{folder}/{name}") for name, (path, content) in contents.items()]


def _weights(config: RunConfig, data_folder: Path, digests: Digests) -> list[Parcel]:
    architecture, folder = config.architecture, data_folder / "weights"
    if config.value_at("architecture.weights") == "file":
        raise TrainDeskError(
            f"The weights file '{architecture.weights_file}' is on this computer alone; train the run here, "  # type: ignore[attr-defined]
            "or start from ImageNet or random weights."
        )
    files = architecture.weights_files(folder)
    if any(not path.is_file() for path in files):
        get_ready(architecture, data_folder)
    return [_parcel("data", path, digests.of(path), path.relative_to(data_folder).as_posix()) for path in files]


def _run_so_far(run: Run, digests: Digests) -> list[Parcel]:
    """What a worker that goes on reads of its own folder. Networks kept for people stay here."""
    looks = sorted((run.folder / "looks").glob("*")) if run.last.is_file() else []
    networks = [run.last, run.best, run.network] if run.last.is_file() else []
    parcels = []
    for path in [*networks, *looks, run.event_log]:
        name = path.relative_to(run.folder).as_posix()
        if most_bytes(name) and path.is_file() and not path.is_symlink():
            parcels.append(_parcel("run", path, digests.of(path), name))
    return parcels


def _parcel(root: Root, source: Path, content: Content, path: str) -> Parcel:
    return Parcel(root, path, content.size, content.digest, source, content.changed)


def _named(kind: str, of: str, contents: Mapping[str, Content]) -> str:
    """Where a folder belongs in the data folder, called by what is in it."""
    plain = re.sub(r"[^\w-]", "-", of, flags=re.ASCII).strip("-_")[:120] or "one"
    said = "".join(f"{name} {content.digest}\n" for name, content in sorted(contents.items()))
    return f"{kind}/{plain}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _as_it_is(path: Path, content: Content) -> Content:
    """What a file holds, with the time that its copy has."""
    return Content(content.digest, content.size, path.stat().st_mtime_ns)
