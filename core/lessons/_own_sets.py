"""Datasets that a lesson makes in people's data folder, and how it finds them again."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from core.errors import TrainDeskError
from core.files import remedy
from core.image_sets.bounds import new_guest_job
from core.image_sets.folders import accept, list_datasets
from core.image_sets.ingest import ingest
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.lessons._base import Seen

LESSON = "lesson"  # of `OwnDataset.about`: which one made it


def make_set(seen: Seen, lesson: str, title: str, files: Mapping[str, bytes]) -> OwnDataset:
    """A dataset of drawings that is the learner's own; `files` are read as a folder of such places would be.
    Raises OwnDataError."""
    job = new_guest_job(seen.data_folder, seen.owner, sum(map(len, files.values())))
    try:
        for place, content in files.items():
            path = job.uploads / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        made, _ = ingest(job.uploads, job.dataset.folder, title, lambda *_: None)
        made.set_about(owner=seen.owner, fit="ink", **{LESSON: lesson})
        return accept(made, title, seen.data_folder)
    except OSError as error:
        raise OwnDataError(
            f"The pictures cannot be kept in {seen.data_folder} ({error.strerror}); {remedy(error)}."
        ) from error
    finally:
        job.remove()


def own_set(seen: Seen, lesson: str) -> OwnDataset | None:
    """The newest that this lesson made for the learner since it was begun."""
    for dataset in list_datasets(seen.data_folder):
        with contextlib.suppress(TrainDeskError):
            if (
                dataset.about(LESSON) == lesson
                and dataset.about("owner") == seen.owner
                and dataset.versions()[-1].time >= seen.begun
            ):
                return dataset
    return None
