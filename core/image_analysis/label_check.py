"""Looking for wrong labels among all pictures of a dataset, in a process of its own.

python -m core.image_analysis.label_check DATASET_FOLDER

It makes features of every picture, judges each by classifiers that never saw it (`label_issues`), and leaves what it
doubts in the dataset's folder, for the version it looked at. Features stay there too: after an edit it takes seconds.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from core.errors import TrainDeskError
from core.files import remove_file
from core.image_analysis.label_features import Progress, features_of
from core.image_analysis.picture_map import keep_map, made_map
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.machine.posix import be_gentle
from core.machine.processes import Reporter, last_word, name_process, start_detached
from core.settings.stored import read_stored, write_stored

MOST = 20_000  # pictures that are looked at; of more a part chosen by chance, the same share of every class
SHOWN = 1000  # doubted labels that are kept
OFTEN = 0.3  # seconds between two words on how far it is


@dataclass(frozen=True)
class Doubt:
    """A picture whose label is probably wrong."""

    image: int
    labelled: int  # class ids
    said: int
    likely: float  # 0..1: that it is `said`


@dataclass(frozen=True)
class LabelCheck:
    """How far the looking is, or what it found."""

    state: Literal["none", "working", "ready", "failed"] = "none"
    phase: str = ""
    done: int = 0
    total: int = 0
    version: int = 0
    pictures: int = 0  # that there are
    looked_at: int = 0
    doubts: tuple[Doubt, ...] = ()
    message: str = ""  # why it failed


def state_file(dataset: OwnDataset) -> Path:
    """How far the looking is, or what it found, as a LabelCheck in JSON."""
    return dataset.folder / "label_check.json"


def last_check(dataset: OwnDataset) -> LabelCheck:
    """A process that ended without a word has failed."""
    return last_word(
        lambda: read_stored(LabelCheck, state_file(dataset)),
        lambda said: said.state == "working",
        _pid_file(dataset),
        LabelCheck("failed", message="It was interrupted; look again."),
    )


def open_doubts(dataset: OwnDataset, check: LabelCheck, left: set[str]) -> list[Doubt]:
    """Those that nobody has settled since: the picture still has that label, and nobody said that it is right."""
    members = dataset.members()
    now = dict(zip(members.images.tolist(), members.classes.tolist(), strict=True))
    there = {each.id for each in dataset.classes()}
    return [
        doubt
        for doubt in check.doubts
        if now.get(doubt.image) == doubt.labelled and doubt.said in there and leave_key(doubt) not in left
    ]


def leave_key(doubt: Doubt) -> str:
    """Of `core.image_sets.twins.leave`: a person says that the label is right."""
    return f"label {doubt.image} {doubt.labelled}"


def start(dataset: OwnDataset) -> None:
    """Starts the process and returns at once. Raises OwnDataError."""
    try:
        _write(dataset, LabelCheck("working", "Starting", version=dataset.newest()))
        log = dataset.folder / "label_check.log"
        remove_file(log)
        process = start_detached(["core.image_analysis.label_check", str(dataset.folder)], log=log)
        _pid_file(dataset).touch()
        name_process(_pid_file(dataset), process.pid)
    except OSError as error:
        raise OwnDataError(
            f"Looking for wrong labels could not be started ({error.strerror}); free some space."
        ) from error


def check(dataset: OwnDataset, progress: Progress) -> LabelCheck:
    """Looks at the newest version and returns what it doubts. Raises TrainDeskError, and what `progress` raises."""
    from core.image_analysis.label_issues import components, doubts_of

    version = dataset.newest()
    members = dataset.members(version)
    ids, labels = np.unique(members.classes, return_inverse=True)
    chosen = np.random.default_rng(0).permutation(len(labels))[:MOST]  # any beginning of it is a fair part
    features = features_of(dataset, members.images[chosen], progress)
    chosen = chosen[: len(features[0])]  # the time may have ended before all were looked at
    progress("Judging every picture by the others", 0, 0)
    rows = np.concatenate([components(each) for each in features], axis=1) if len(features) > 1 else features[0]
    try:
        found = doubts_of(rows, labels[chosen], members.group_ids[chosen])
    except ValueError as error:
        raise OwnDataError(
            "There are too few pictures to judge any by the others; bring at least two classes of five pictures."
        ) from error
    progress("Drawing the map of them", 0, 0)
    with contextlib.suppress(OSError):  # a full disk: what is doubted may still find room
        keep_map(dataset, made_map(members.images[chosen], rows))
    images, classes = members.images[chosen].tolist(), members.classes[chosen].tolist()
    doubts = tuple(
        Doubt(images[place], classes[place], int(ids[found.says[place]]), round(float(found.said[place]), 4))
        for place in found.doubted[:SHOWN].tolist()
    )
    return LabelCheck("ready", version=version, pictures=len(labels), looked_at=len(chosen), doubts=doubts)


def run_label_check(dataset: OwnDataset, tell: Progress = lambda phase, done, total: None) -> LabelCheck:
    """What the process does: looks, says how far it is (also to `tell`), and leaves what it found or why it failed."""
    version = dataset.newest()
    report = Reporter(lambda *said: _write(dataset, LabelCheck("working", said[0], said[1], said[2], version)), OFTEN)

    def progress(phase: str, done: int, total: int) -> None:
        tell(phase, done, total)
        report(phase, done, total)

    try:
        end = check(dataset, progress)
    except TrainDeskError as error:
        end = LabelCheck("failed", message=str(error), version=version)
    except Exception as error:
        traceback.print_exc()
        said = f"An unexpected error ended it ({type(error).__name__}: {str(error)[:120]})."
        end = LabelCheck("failed", message=said, version=version)
    with contextlib.suppress(OSError):  # a full disk, or the dataset is gone: that the process has ended says so
        _write(dataset, end)
    return end


def _pid_file(dataset: OwnDataset) -> Path:
    return dataset.folder / "label_check.pid"


def _write(dataset: OwnDataset, found: LabelCheck) -> None:
    write_stored(state_file(dataset), found, sync=False)


if __name__ == "__main__":
    be_gentle(5)  # trainings and pages come first
    sys.exit(0 if run_label_check(OwnDataset(Path(sys.argv[1]))).state == "ready" else 1)
