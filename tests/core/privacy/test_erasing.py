"""Pictures go on their day, with every copy that was made of them, and nothing else goes."""

from datetime import date, timedelta

import numpy as np
import pytest
from filelock import FileLock

from core.datasets.corrections import keep as keep_correction
from core.export.kept import keep as keep_file
from core.export.kept import place_for
from core.export.kinds import KINDS
from core.files import write_atomically
from core.image_sets.folders import delete_dataset, list_datasets, sets_folder
from core.image_sets.imports import list_jobs, new_job
from core.image_sets.keeping import erased, keep_until
from core.image_sets.kept_features import KeptFeatures
from core.privacy.erasing import erase_due, source_of
from core.run_config import RunConfig
from core.runs.events import EventWriter
from core.runs.snapshots import ProbeImages, SnapshotStore
from core.runs.store import create_run
from core.runs.trash import delete_run
from tests.own import own_dataset

DUE = date(2026, 12, 4)


@pytest.fixture
def data(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    monkeypatch.setenv("TRAINDESK_DATA", str(folder))
    return folder


@pytest.fixture
def dataset(data, tmp_path):
    made = own_dataset(data, tmp_path)
    keep_until(made.folder, DUE)
    return made


def run_of(dataset, runs_folder, is_over=True):
    """A run that learned from it, with watched pictures and a report that was made of it."""
    config = RunConfig.from_dict({"dataset": {"name": "own_images", "source": dataset.id}, "architecture": "photo_cnn"})
    run = create_run(config, runs_folder)
    log = EventWriter(run.event_log)
    log.write("finished" if is_over else "started", message="Done.")
    log.close()
    SnapshotStore(run).write_probe_images(ProbeImages(np.zeros((2, 8, 8, 3), np.uint8), np.zeros(2, np.int64)))
    place = place_for(run, runs_folder, KINDS["report"])
    place.parent.mkdir(parents=True)
    place.write_bytes(b"with pictures")
    keep_file(place, {"run": run.id})
    return run, place


def everywhere(folder, *but):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path not in but}


def test_on_its_day_it_goes_with_all_copies_and_the_run_stays(data, dataset, runs_folder):
    run, made = run_of(dataset, runs_folder)
    deleted, _ = run_of(dataset, runs_folder)
    delete_run(deleted)
    correction = keep_correction(run.config().dataset, data, np.zeros((3, 64, 64), np.uint8), 0)
    copies = [data / "cache" / f"own_images-{dataset.id}-0123", data / "decoded" / f"own_images-{dataset.id}-45"]
    copies.append(data / "corrections" / f"own_images-{dataset.id}-67")
    for folder in copies:
        folder.mkdir(parents=True)
        (folder / "train_pixels.npy").write_bytes(b"pixels")
    KeptFeatures(data / "cache").put({b"key": np.ones(4)})
    others = everywhere(run.folder, SnapshotStore(run).pictures)

    assert erase_due(data, runs_folder, DUE - timedelta(1)) == [] and dataset.file.is_file() and made.is_file()
    assert erase_due(data, runs_folder, DUE) == [dataset.id]
    left = everywhere(data)
    assert left == {f"sets/.erased/{dataset.id}.json", "cache/features.sqlite"}
    assert not KeptFeatures(data / "cache").get([b"key"]) and not correction.exists()
    assert everywhere(run.folder) == others and not made.exists()
    assert not [*(runs_folder / ".trash").rglob("pictures.npz")]
    assert erased(sets_folder(data), dataset.id).on == "4 December 2026"
    assert source_of(run) == dataset.id and erase_due(data, runs_folder, DUE) == []


def test_a_computer_that_was_off_on_the_day_does_it_at_the_next_look(data, dataset, runs_folder):
    assert erase_due(data, runs_folder, DUE + timedelta(100)) == [dataset.id] and not list_datasets(data)


def test_deleted_means_deleted_in_the_trash_too(data, dataset, runs_folder):
    delete_dataset(dataset)
    erase_due(data, runs_folder, DUE - timedelta(1))
    assert [*(sets_folder(data) / ".trash").rglob("pictures.sqlite")]
    erase_due(data, runs_folder, DUE)
    assert not [*data.rglob("pictures.sqlite")]


def test_another_dataset_and_its_runs_are_left_alone(data, dataset, runs_folder, tmp_path):
    other = own_dataset(data, tmp_path / "other")
    run, made = run_of(other, runs_folder)
    before = everywhere(other.folder)
    erase_due(data, runs_folder, DUE)
    assert everywhere(other.folder) == before and made.is_file() and SnapshotStore(run).probe_images()


def test_a_run_that_trains_keeps_its_watched_pictures_until_it_has_ended(data, dataset, runs_folder):
    run, made = run_of(dataset, runs_folder, is_over=False)
    with FileLock(run.worker_lock):
        assert run.status().is_active
        erase_due(data, runs_folder, DUE)
        assert SnapshotStore(run).probe_images() and not dataset.folder.exists()
    erase_due(data, runs_folder, DUE)
    assert SnapshotStore(run).probe_images() is None and not made.exists()


def test_what_is_made_of_the_run_later_stays(data, dataset, runs_folder):
    run, _ = run_of(dataset, runs_folder)
    erase_due(data, runs_folder, DUE)
    place = place_for(run, runs_folder, KINDS["script"])
    place.parent.mkdir(parents=True)
    place.write_bytes(b"without pictures")
    keep_file(place, {"run": run.id})
    erase_due(data, runs_folder, DUE)
    assert place.is_file()


def test_drawings_that_nobody_made_a_dataset_of_go_too(data, runs_folder):
    mine, others = new_job(data), new_job(data)
    for job in (mine, others):
        write_atomically(job.uploads / "star.png", b"drawn")
    keep_until(mine.folder, DUE)
    erase_due(data, runs_folder, DUE - timedelta(1))
    assert len(list_jobs(data)) == 2
    assert erase_due(data, runs_folder, DUE) == [mine.id]
    assert [job.id for job in list_jobs(data)] == [others.id] and not mine.folder.exists()


def test_what_cannot_be_removed_today_is_removed_tomorrow(data, dataset, runs_folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("core.privacy.erasing.remove_folder", lambda folder: [OSError("in use")])
        erase_due(data, runs_folder, DUE)
    assert dataset.file.is_file()
    erase_due(data, runs_folder, DUE + timedelta(1))
    assert not dataset.folder.exists() and erased(sets_folder(data), dataset.id).on == "4 December 2026"
