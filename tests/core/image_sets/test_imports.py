"""The process of an import: progress, cancelling, dying, a full disk; half an import is never a dataset."""

import errno
import json
import time
from pathlib import Path

import psutil
import pytest

from core.image_sets import ingest as ingesting
from core.image_sets.folders import accept, list_datasets
from core.image_sets.import_process import run_import
from core.image_sets.imports import Progress, Request, find_job, list_jobs, new_job, start
from core.image_sets.own_dataset import OwnDataError
from tests.helpers import assert_one_sentence, wait_until
from tests.own import class_files, zipped


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
    psutil.Process(json.loads(pid)["pid"]).kill()
    wait_until(lambda: job.progress().state == "failed")
    assert_one_sentence(job.progress().message, "interrupted")
    assert list_datasets(data) == []
    job.cancel()
    assert not job.folder.exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OwnDataError) as caught:
        new_job(tmp_path / "data")
    assert_one_sentence(str(caught.value), "Permission denied", "TRAINDESK_DATA")


def test_time_left_is_that_of_the_phase():
    now = time.time()
    assert Progress("working", "x", 25, 100, now - 10).seconds_left(now) == pytest.approx(30)
    assert Progress("working", "x", 0, 100, now).seconds_left(now) is None
