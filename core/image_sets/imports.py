"""Imports: each a folder in DATA/imports with what was given, how far its process is, and the dataset in the making.

A process of its own does the work (`import_process`), so that pages stay quick and an import outlives them.
What is in the folder is never taken for a dataset: it becomes one when someone accepts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from core.files import Inside, remedy, remove_file, remove_folder, write_atomically
from core.image_sets.ingest import Report
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.machine.processes import last_word, name_process, start_detached
from core.settings.stored import read_stored, write_stored

State = Literal["waiting", "working", "asking", "ready", "failed"]
ENDED = ("asking", "ready", "failed")  # no process works on it


@dataclass(frozen=True)
class Progress:
    """How far an import is."""

    state: State = "waiting"
    phase: str = ""
    done: int = 0
    total: int = 0
    began: float = 0.0  # Unix seconds at which this phase began
    message: str = ""  # why it failed

    def seconds_left(self, now: float) -> float | None:
        """Of this phase, if the rest goes as fast; None while nothing is known."""
        if not self.done or not self.total:
            return None
        return (now - self.began) / self.done * (self.total - self.done)


@dataclass(frozen=True)
class Request:
    """What is to be imported."""

    path: str = ""  # a ZIP or a folder
    title: str = ""
    class_name: str = ""  # of pictures that lie in no folder
    into: str = ""  # the dataset they are added to; "": a new one
    about: dict[str, str] = field(default_factory=dict)  # facts the new dataset gets
    reading: str = ""  # the way to read the folders that someone chose


@dataclass(frozen=True)
class Branch:
    """One split of the folders as they are read."""

    split: Literal["train", "", "val", "test"] = ""
    called: str = ""  # its folder
    pictures: int = 0
    classes: tuple[tuple[str, int], ...] = ()  # the first ones and their pictures
    more: int = 0  # classes that are not named


@dataclass(frozen=True)
class Reading:
    """How the folders are read, see `Layout.summary`; without `trees` nothing is known yet."""

    key: str = ""
    question: str = ""  # for a person, where several ways are as likely
    notes: tuple[str, ...] = ()
    alternatives: dict[str, str] = field(default_factory=dict)  # key -> what that way would give
    trees: dict[str, tuple[Branch, ...]] = field(default_factory=dict)  # key -> what it gives


@dataclass(frozen=True)
class _Owner:
    """What `owner.json` holds."""

    owner: str = ""


@dataclass(frozen=True)
class Job:
    """The folder of an import."""

    folder: Path

    uploads = Inside("brought")  # a folder for what a browser sends, removed with the job
    cancel_file = Inside("cancel")  # there when someone does not want it any more
    pid_file = Inside("worker.pid")

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def owner(self) -> str:
        """Who asked for it."""
        return read_stored(_Owner, self.folder / "owner.json").owner

    @property
    def dataset(self) -> OwnDataset:
        """What is in the making; it becomes a dataset of its own when someone accepts it."""
        return OwnDataset(self.folder / "set")

    @property
    def title(self) -> str:
        """What the dataset will be called, or the import's id where that is not known."""
        return read_stored(Request, self.folder / "request.json").title or self.id

    def request(self) -> Request:
        """Raises OwnDataError."""
        found = read_stored(Request, self.folder / "request.json")
        if not found.path:
            raise OwnDataError(f"Import {self.id} is damaged; remove it and bring the pictures again.")
        return found

    def report(self) -> Report:
        """Of an import that is ready."""
        return read_stored(Report, self.folder / "report.json")

    def reading(self) -> Reading:
        """How its folders are read."""
        return read_stored(Reading, self.folder / "reading.json")

    def progress(self) -> Progress:
        """A process that ended without a word has failed."""
        return last_word(
            lambda: read_stored(Progress, self.folder / "progress.json"),
            lambda said: said.state not in ENDED,
            self.pid_file,
            Progress("failed", message="The import was interrupted; bring the pictures again."),
        )

    def cancel(self) -> None:
        """Asks the process to end, and removes everything once it has, or at once if there is none."""
        with contextlib.suppress(OSError):
            self.cancel_file.touch()
        if self.progress().state in ENDED:
            self.remove()

    def remove(self) -> None:
        """Removes the import with all that was made of it."""
        remove_folder(self.folder)

    def write(self, said: Request | Report | Progress | _Owner | dict[str, Any]) -> None:
        """Keeps it under the name of its kind; of plain values it is how the folders are read. Raises OSError."""
        if isinstance(said, dict):
            write_atomically(self.folder / "reading.json", json.dumps(said, ensure_ascii=False).encode(), sync=False)
        else:
            write_stored(self.folder / f"{type(said).__name__.strip('_').lower()}.json", said, sync=False)


def imports_folder(data_folder: Path) -> Path:
    """Where imports lie until they are accepted or thrown away."""
    return data_folder / "imports"


def new_job(data_folder: Path, owner: str = "") -> Job:
    """An empty folder for an import; the dataset that comes of it has the same owner. Raises OwnDataError."""
    folder = imports_folder(data_folder) / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    try:
        Job(folder).uploads.mkdir(parents=True)
        Job(folder).write(_Owner(owner))
    except OSError as error:
        raise OwnDataError(f"Nothing can be kept in {data_folder} ({error.strerror}); {remedy(error)}.") from error
    return Job(folder)


def find_job(job_id: str, data_folder: Path) -> Job | None:
    """None when there is none of that name."""
    return next((job for job in list_jobs(data_folder) if job.id == job_id), None)


def list_jobs(data_folder: Path) -> list[Job]:
    """The newest first."""
    return [Job(folder) for folder in sorted(imports_folder(data_folder).glob("2*-*"), reverse=True) if folder.is_dir()]


def start(job: Job, request: Request) -> None:
    """Starts the import's process and returns at once. Raises OwnDataError."""
    try:
        job.write(request)
        env = os.environ | {"OMP_NUM_THREADS": "1"}  # its helpers are processes
        command = ["core.image_sets.import_process", str(job.folder)]
        process = start_detached(command, env=env, log=job.folder / "worker.log")
        job.pid_file.touch()
        name_process(job.pid_file, process.pid)
    except OSError as error:
        job.remove()
        raise OwnDataError(f"The import could not be started ({error.strerror}); {remedy(error)}.") from error


def read_again(job: Job, reading: str) -> None:
    """Starts over with another way to read the folders: a process that works on it sees that, otherwise a new one begins.
    Raises OwnDataError."""
    request = replace(job.request(), reading=reading)
    if job.progress().state in ENDED:
        for name in ("progress.json", "reading.json", "report.json", "worker.pid"):
            remove_file(job.folder / name)
        remove_folder(job.folder / "set")
        start(job, request)
        return
    try:
        job.write(request)
    except OSError as error:
        raise OwnDataError(f"The choice could not be kept ({error.strerror}); {remedy(error)}.") from error
