"""The process of an import: progress, cancelling, dying, a full disk; half an import is never a dataset."""

import errno
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from core.image_sets import ingest as ingesting
from core.image_sets.folders import accept, delete_dataset, list_datasets, restore_dataset, sets_folder
from core.image_sets.import_process import run_import
from core.image_sets.imports import Job, Progress, Request, find_job, list_jobs, new_job, read_again, start
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.sources import opened
from tests.helpers import assert_one_sentence, wait_until
from tests.own import class_files, zipped


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def job_of(data, count=8, **request):
    job = new_job(data)
    path = zipped(job.uploads / "pictures.zip", class_files({"stripes": count, "dots": count}))
    return job, Request(str(path), "Patterns", **request)


def test_an_import_is_done_by_a_process_and_accepted(data):
    job, request = job_of(data, about={"fit": "ink"})
    start(job, request)
    assert list_jobs(data) == [job] and find_job(job.id, data) == job and find_job("../x", data) is None
    wait_until(lambda: job.progress().state in ("ready", "failed"))
    assert job.progress().state == "ready", job.progress()
    assert job.report().pictures == 16 and list_datasets(data) == []
    dataset = accept(job.dataset, job.request().title, data)
    assert list_datasets(data) == [dataset] and dataset.about("fit") == "ink" and dataset.title == "Patterns"
    job.remove()
    assert list_jobs(data) == []


def test_progress_tells_what_is_left(data, monkeypatch):
    job, request = job_of(data)
    said = []
    monkeypatch.setattr("core.image_sets.import_process.OFTEN", -1)
    monkeypatch.setattr(ingesting, "CHUNK_FILES", 4)
    write = type(job).write
    monkeypatch.setattr(type(job), "write", lambda self, what: said.append(what) or write(self, what))
    Path(job.folder / "request.json").write_text(
        f'{{"path": "{request.path}", "title": "Patterns", "class_name": "", "into": "", "about": {{}}}}'
    )
    assert run_import(job).state == "ready"
    counted = [each.done for each in said if isinstance(each, Progress) and each.phase == "Reading the pictures"]
    assert counted == [4, 8, 12, 16]


def test_a_cancelled_import_leaves_nothing(data):
    job, request = job_of(data)
    job.write(request)
    job.cancel_file.touch()
    assert run_import(job).state == "failed" and not job.folder.exists() and list_datasets(data) == []


def test_a_killed_import_says_so_and_can_be_removed(data):
    job, request = job_of(data, count=200)
    start(job, request)
    pid = wait_until(lambda: job.pid_file.read_text())
    import json

    os.kill(json.loads(pid)["pid"], signal.SIGKILL)
    wait_until(lambda: job.progress().state == "failed")
    assert_one_sentence(job.progress().message, "interrupted")
    assert list_datasets(data) == []
    job.cancel()
    assert not job.folder.exists()


def test_what_is_wrong_with_it_is_one_sentence(data):
    job = new_job(data)
    job.write(Request(str(zipped(job.uploads / "x.zip", {"a.txt": b"x"})), "None"))
    assert run_import(job).state == "failed"
    assert_one_sentence(job.progress().message, "no picture")


def years(data, **request):
    job = new_job(data)
    files = class_files({"stripes": 6, "dots": 6}, "2023/") | class_files({"stripes": 6, "dots": 6}, "2024/", 50)
    return job, Request(str(zipped(job.uploads / "pictures.zip", files)), "Years", **request)


def test_a_question_waits_for_its_answer_before_anything_is_decoded(data, monkeypatch):
    job, request = years(data)
    job.write(request)
    monkeypatch.setattr(ingesting, "_decode", lambda *_: pytest.fail("decoded before it was answered"))
    assert run_import(job).state == job.progress().state == "asking"
    assert "Which level" in job.reading()["question"] and not job.dataset.folder.exists()
    monkeypatch.undo()
    read_again(job, "level-1")
    wait_until(lambda: job.progress().state in ("ready", "failed"))
    assert [each.name for each in job.dataset.classes()] == ["2023", "2024"]
    read_again(job, "level-2")
    wait_until(lambda: job.progress().state in ("ready", "failed"))
    assert [each.name for each in job.dataset.classes()] == ["dots", "stripes"] and job.reading()["key"] == "level-2"
    read_again(job, "table")
    wait_until(lambda: job.progress().state in ("ready", "failed"))
    assert_one_sentence(job.progress().message, "possible are: level-2-split-1, level-2, level-1")


def test_a_question_can_be_cancelled(data):
    job, request = years(data)
    job.write(request)
    run_import(job)
    job.cancel()
    assert not job.folder.exists()


def test_another_reading_is_taken_while_the_first_is_decoded(data, monkeypatch):
    job, request = years(data, reading="level-1")
    job.write(request)
    monkeypatch.setattr("core.image_sets.import_process.OFTEN", -1)
    place, seen = ingesting._place, []

    def change(dataset, placed, *others):
        if not seen:
            read_again(job, "level-2")
        seen.append({each.class_name for _, each in placed})
        place(dataset, placed, *others)

    monkeypatch.setattr(ingesting, "_place", change)
    assert run_import(job).state == "ready"
    assert seen == [{"2023", "2024"}, {"dots", "stripes"}]
    assert [each.name for each in job.dataset.classes()] == ["dots", "stripes"]


@pytest.mark.parametrize("moment", range(9))
def test_it_can_be_cancelled_at_any_moment(data, monkeypatch, moment):
    job, request = job_of(data)
    job.write(request)
    monkeypatch.setattr("core.image_sets.import_process.OFTEN", -1)
    monkeypatch.setattr(ingesting, "CHUNK_FILES", 4)
    write, told = Job.write, []

    def cancel(self, name, *rest):
        write(self, name, *rest)
        told.append(name)
        if len(told) == moment + 1:
            self.cancel()

    monkeypatch.setattr(Job, "write", cancel)
    run_import(job)
    assert len(told) > moment and not job.folder.exists() and list_datasets(data) == []


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


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OwnDataError) as caught:
        new_job(tmp_path / "data")
    assert_one_sentence(str(caught.value), "Permission denied", "TRAINDESK_DATA")


def test_a_full_disk_ends_it_in_a_sentence(data, monkeypatch):
    import sqlite3

    job, request = job_of(data)
    job.write(request)

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ingesting, "image_records", full)
    assert run_import(job).state == "failed"
    assert_one_sentence(job.progress().message, "because the disk is full", "free some space")
    assert "Dataset" not in job.progress().message
    assert not job.dataset.folder.exists(), "what came in until then fills the disk no longer"


def test_time_left_is_that_of_the_phase():
    now = time.time()
    assert Progress("working", "x", 25, 100, now - 10).seconds_left(now) == pytest.approx(30)
    assert Progress("working", "x", 0, 100, now).seconds_left(now) is None


def test_a_folder_within_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    for name, content in class_files({"dots": 2, "rings": 2}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    scan = os.scandir

    def closed(path):
        if Path(path).name == "rings":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with opened(tmp_path) as listing:
        assert len(listing.pictures) == 2 and listing.skipped == {"folders that may not be read": 1}
