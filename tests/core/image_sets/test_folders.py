"""Where accepted datasets lie: kept, deleted, brought back, also on another disk."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from core.image_sets.folders import accept, delete_dataset, find_dataset, list_datasets, restore_dataset, sets_folder
from core.image_sets.import_process import run_import
from core.image_sets.own_dataset import OwnDataError
from tests.core.image_sets.test_imports import job_of
from tests.helpers import assert_one_sentence


def across(monkeypatch, failing=None):
    """Renaming from one folder to another fails as across disks; with `failing` copying does, too."""
    rename = Path.rename

    def only_beside(self, place):
        if Path(place).parent != self.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, place)

    monkeypatch.setattr(Path, "rename", only_beside)
    if failing:

        def full(source, place):
            Path(place).write_bytes(b"half")
            raise OSError(failing, os.strerror(failing), str(place))

        monkeypatch.setattr(shutil, "copy2", full)


def test_datasets_may_lie_on_another_disk(data, monkeypatch):
    job, request = job_of(data)
    job.write(request)
    run_import(job)
    across(monkeypatch)
    dataset = accept(job.dataset, "Patterns", data)
    assert list_datasets(data) == [dataset] and sum(each.images for each in dataset.classes()) == 16
    assert os.listdir(sets_folder(data)) == [dataset.id] and not job.dataset.folder.exists()
    delete_dataset(dataset)
    assert list_datasets(data) == []
    restore_dataset(dataset.id, data)
    assert list_datasets(data) == [dataset]


@pytest.mark.parametrize("reason, said", [(errno.ENOSPC, "free some space"), (errno.EROFS, "TRAINDESK_DATA")])
def test_half_a_copy_onto_another_disk_is_removed_and_the_import_stays(data, monkeypatch, reason, said):
    job, request = job_of(data)
    job.write(request)
    run_import(job)
    across(monkeypatch, reason)
    with pytest.raises(OwnDataError) as caught:
        accept(job.dataset, "Patterns", data)
    assert_one_sentence(str(caught.value), os.strerror(reason), said)
    assert os.listdir(sets_folder(data)) == [] and job.progress().state == "ready" and job.dataset.file.is_file()


def test_a_dataset_is_accepted_deleted_and_brought_back(dataset, tmp_path):
    data = tmp_path / "data"
    kept = accept(dataset, "  My   patterns ", data)
    assert list_datasets(data) == [kept] and kept.title == "My patterns" and not dataset.folder.exists()
    delete_dataset(kept)
    assert list_datasets(data) == []
    with pytest.raises(OwnDataError):
        find_dataset(kept.id, data)
    assert restore_dataset(kept.id, data) == kept and list_datasets(data) == [kept]
    for bad in ("../x", "", "A", "a/b", ".trash"):
        with pytest.raises(OwnDataError):
            find_dataset(bad, data)
