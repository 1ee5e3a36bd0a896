"""The run store: one folder per run, which is the whole truth about it. Copy the folder and you have moved the run."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from core.errors import TrainDeskError
from core.files import Inside, is_locked, read_bytes, remove_folder, write_atomically
from core.machine.processes import is_gone, living_pid
from core.paths import example_folder
from core.run_config import RunConfig
from core.runs.ages import CREATED, created_at
from core.runs.events import DOWNLOAD, ENDS, PREPARING, RESUMING, Event, last_event, read_events
from core.runs.placement import interrupted_words, is_out_of_sight, starting_words
from core.text.lists import some

StatusName = Literal["queued", "starting", "running", "paused", "finished", "stopped", "failed", "interrupted"]
ACTIVE: tuple[StatusName, ...] = ("starting", "running")
MOVING: tuple[StatusName, ...] = (*ACTIVE, "queued")  # these become another one without a person's doing
START_SECONDS = 30  # a worker that has not taken the run's lock by then will not come
ALIVE_SECONDS = 600  # the same as long as its process lives: on a crowded computer it takes minutes to import torch
SHOWN_BYTES = 8_000  # of what a process wrote


@dataclass(frozen=True)
class Status:
    """What a run is doing, and why in one sentence (empty when there is nothing to add)."""

    name: StatusName
    reason: str = ""

    @property
    def is_active(self) -> bool:
        """Whether a process works on it, or is on its way."""
        return self.name in ACTIVE

    @property
    def will_change(self) -> bool:
        """Whether it becomes another one without a person's doing."""
        return self.name in MOVING


@dataclass(frozen=True)
class Run:
    """A run's folder and the names of what is in it."""

    folder: Path

    config_file = Inside("config.json")
    event_log = Inside("events.jsonl")
    best, last = Inside("best.pt"), Inside("last.pt")
    kept = Inside("kept")  # a folder of networks by epoch: 000005.pt
    network = Inside("network.json")  # its layers: see `core.training.layers.described`
    metadata_file = Inside("labels.json")
    worker_log, worker_lock, worker_pid = Inside("worker.log"), Inside("worker.lock"), Inside("worker.pid")
    spare = Inside("spare")  # bytes of the disk for the log's last line
    queue_place, starting_mark = Inside("queued"), Inside("starting")
    stop_request, pause_request, learning_rate_request = Inside("stop"), Inside("pause"), Inside("learning_rate")
    playback_request = Inside("playback")  # see `core.runs.playback`

    @property
    def id(self) -> str:
        """The name of its folder, by which people and addresses call it."""
        return self.folder.name

    def is_here(self) -> bool:
        """Whether the folder is that of a run, be it a damaged one."""
        return self.has(Run.config_file) or self.has(Run.event_log)

    def has(self, file: Path) -> bool:
        """Whether the folder holds a file that goes by this name (`Run.config_file`): for lists, which ask it of a thousand."""
        return os.path.isfile(f"{self.folder}/{file.name}")

    def is_example(self) -> bool:
        """Whether it is the run that comes with the program. A copy of its folder elsewhere is a run like any other."""
        example = example_folder()
        return self.id == example.name and self.folder.resolve() == example

    def config(self) -> RunConfig:
        """Raises SettingsError when the file is damaged or names what this version does not know."""
        try:
            text = read_bytes(self.config_file).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise TrainDeskError(f"The config of run {self.id} cannot be read ({error}).") from error
        return _config_in(text)

    def created(self) -> float:
        """Unix seconds, see `created_at`."""
        return created_at(f"{self.folder}/{Run.config_file.name}", f"{self.folder}/{Run.event_log.name}")

    def events(self, offset: int = 0) -> tuple[list[Event], int]:
        """The events of its log from this byte on, and the byte after the last whole one."""
        return read_events(self.event_log, offset)

    def checkpoint(self, which: str = "") -> Path | None:
        """The checkpoint to predict with: the one of `checkpoints` that is called so, by default the first; None without one."""
        found = self.checkpoints() if which.isdecimal() else {path.stem: path for path in (self.best, self.last)}
        return next((path for name, path in found.items() if name == (which or name) and path.is_file()), None)

    def checkpoints(self) -> dict[str, Path]:
        """All that can be asked, by name: "best", "last" and the numbers of the epochs whose networks were kept."""
        found = {path.stem: path for path in (self.best, self.last) if path.is_file()}
        with contextlib.suppress(OSError):
            kept = [path for path in self.kept.iterdir() if re.fullmatch(r"\d{6}\.pt", path.name) and path.is_file()]
            found |= {str(int(path.stem)): path for path in sorted(kept)}
        return found

    def request_stop(self) -> None:
        """Asks the worker to stop; it does within one step."""
        self.stop_request.touch()

    def request_pause(self) -> None:
        """Asks the worker to pause; it does within one step."""
        self.pause_request.touch()

    def request_learning_rate(self, learning_rate: float) -> None:
        """Asks the worker for another learning rate (before the schedule) from the next step on."""
        write_atomically(self.learning_rate_request, repr(float(learning_rate)).encode())

    def worker_said(self, since: float = 0.0) -> str:
        """The end of what its processes printed; "" where that is nothing, or nothing since then (Unix seconds)."""
        try:
            with self.worker_log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - SHOWN_BYTES))
                is_new = os.fstat(file.fileno()).st_mtime >= since
                return file.read().decode("utf-8", errors="replace").strip() if is_new else ""
        except OSError:
            return ""

    def worker_is_alive(self) -> bool:
        """Whether a process holds the worker's lock. The system frees it however the process ends, reboots included."""
        return is_locked(self.worker_lock)

    def status(self) -> Status:
        """Derived from the log's last line, the worker's lock, the place in the queue and the mark of a start; never stored."""
        if self.is_on_its_way():  # looked at first: the worker removes the mark after it has said `resuming`
            return Status("starting", starting_words(self.folder, self.worker_is_alive()))
        last = last_event(self.event_log)
        if self.queue_place.exists() and not self.worker_is_alive():
            return Status("queued")
        if last and last["event"] in ENDS:
            return Status(last["event"], str(last.get("message", "")))
        if self.worker_is_alive():
            is_ready = last and last["event"] not in (DOWNLOAD, PREPARING, RESUMING)
            return Status("running") if is_ready else Status("starting", starting_words(self.folder, True))
        if (last := last_event(self.event_log)) and last["event"] in ENDS:  # it may have ended between the two looks
            return Status(last["event"], str(last.get("message", "")))
        if is_out_of_sight(self.folder):
            return Status(
                "running", "What is in touch with its computer is started anew; it most likely trains on there."
            )
        if elsewhere := interrupted_words(self.folder, self.last):
            return Status("interrupted", elsewhere)
        had_a_worker = (
            self.worker_lock.exists() or self.worker_pid.exists()
        )  # on Windows whoever looks removes a free lock
        if last is None and not had_a_worker:
            return self._never_begun()
        return Status("interrupted", "Its process ended without a word: it was killed, or the computer went down.")

    def is_on_its_way(self) -> bool:
        """Whether a worker was launched a moment ago, has not said a word yet and has not been killed meanwhile."""
        try:
            age = abs(time.time() - self.starting_mark.stat().st_mtime)  # the clock may have been set back
            if age >= START_SECONDS and not (age < ALIVE_SECONDS and living_pid(self.starting_mark)):
                return False
            if is_gone(self.starting_mark):
                return False
            return self.starting_mark.exists()  # the worker may have removed it meanwhile
        except (OSError, ValueError):
            return False

    def _never_begun(self) -> Status:
        if self.worker_said():
            return Status("interrupted", "Its process ended before it could begin; the worker's log says why.")
        if self.starting_mark.exists():
            return Status("interrupted", "Its process ended before it could begin, and wrote nothing.")
        return Status("stopped", "It has not been started.")


def checkpoint_of(run: Run, which: str = "") -> Path:
    """`Run.checkpoint`. Raises TrainDeskError when there is none, naming those that there are."""
    if (path := run.checkpoint(which)) is not None:
        return path
    if not (names := [f"epoch {name}" if name.isdecimal() else name for name in run.checkpoints()]):
        raise TrainDeskError(f"Run {run.id} has no checkpoint yet; wait for its first epoch to end.")
    raise TrainDeskError(f"Run {run.id} has kept no network '{which[:20]}'; it has {some(names, 10)}.")


@lru_cache(maxsize=2000)
def _config_in(text: str) -> RunConfig:
    """Nothing changes in a config, and those of a thousand runs are read again and again."""
    return RunConfig.from_json(text)


def create_run(config: RunConfig, runs_folder: Path, sync: bool = True) -> Run:
    """A new run folder with its config. Two calls in the same moment get two folders. `sync`: see `write_atomically`.

    Raises TrainDeskError if it cannot be written.
    """
    words = re.sub(r"[^a-z0-9]+", "-", config.title.lower()).strip("-")[:40] or config.architecture.name
    made: Run | None = None
    try:
        runs_folder.mkdir(parents=True, exist_ok=True)
        while made is None:
            run = Run(runs_folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{words}-{secrets.token_hex(2)}")
            with contextlib.suppress(FileExistsError):
                run.folder.mkdir()
                made = run
        write_config(made, config, time.time(), sync)
    except OSError as error:
        if made is not None:
            remove_folder(made.folder)  # half a run is none
        raise TrainDeskError(
            f"The run cannot be stored in {runs_folder} ({error.strerror}); free space or choose another runs folder."
        ) from error
    return made


def write_config(run: Run, config: RunConfig, created: float, sync: bool = True) -> None:
    """Replaces the run's config; `created`, in Unix seconds, says when it was made. Raises OSError."""
    content = {CREATED: round(created, 6), **config.to_dict()}
    write_atomically(run.config_file, json.dumps(content, ensure_ascii=False, indent=1).encode(), sync=sync)


def list_runs(runs_folder: Path) -> list[Run]:
    """All run folders, newest first. Anything else in the folder is passed over, and the example, which nobody here trained."""
    return sorted(run_folders(runs_folder), key=lambda run: (run.created(), run.id), reverse=True)


def run_folders(runs_folder: Path) -> list[Run]:
    """The same in no order, for who knows already when each was made."""
    with contextlib.suppress(OSError):
        with os.scandir(runs_folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
        example = example_folder().name
        runs = [run for name in names if (run := Run(runs_folder / name)).is_here()]
        return [run for run in runs if run.id != example or not run.is_example()]
    return []


def run_at(runs_folder: Path, run_id: str) -> Run:
    """The folder that has this id as its name, be there such a run or not; the example's is not among the others."""
    example = example_folder()
    return Run(example if run_id == example.name else runs_folder / run_id)


def find_run(run_id: str, runs_folder: Path, other_than: Run | None = None) -> Run:
    """The run of that id, of a unique beginning of it, or the newest for "latest". Raises TrainDeskError.

    The example is found by its id, whichever folder it lies in.
    """
    runs = [run for run in list_runs(runs_folder) if other_than is None or run.id != other_than.id]
    if run_id == "latest" and runs:
        return runs[0]
    if (run := run_at(runs_folder, run_id)).is_example() and run.is_here():
        return run
    matches = [run for run in runs if run.id == run_id] or [run for run in runs if run_id and run.id.startswith(run_id)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise TrainDeskError(f"'{run_id[:80]}' fits {len(matches)} runs; give more of the id.")
    known = f"the newest is {runs[0].id}" if runs else "there is none yet"
    raise TrainDeskError(f"There is no run '{run_id[:80]}' in {runs_folder}; {known}.")
