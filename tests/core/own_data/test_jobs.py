"""The process of an import: progress, cancelling, dying, a full disk; half an import is never a dataset."""

import os
import signal
import time
from pathlib import Path

import pytest

from core.own_data import bring as bringing
from core.own_data.folders import accept, list_datasets
from core.own_data.jobs import Request, find_job, list_jobs, new_job, start
from core.own_data.work import work
from tests.helpers import assert_one_sentence, wait_until
from tests.own import class_files, zipped


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def job_of(data, count=8, **request):
    job = new_job(data)
    path = zipped(job.brought / "pictures.zip", class_files({"stripes": count, "dots": count}))
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
    monkeypatch.setattr("core.own_data.work.OFTEN", -1)
    monkeypatch.setattr(bringing, "CHUNK_FILES", 4)
    monkeypatch.setattr(type(job), "write", lambda self, name, content: said.append((name, content)))
    Path(job.folder / "request.json").write_text(
        f'{{"path": "{request.path}", "title": "Patterns", "class_name": "", "into": "", "about": {{}}}}'
    )
    assert work(job).state == "ready"
    counted = [
        content["done"]
        for name, content in said
        if name == "progress.json" and content["phase"] == "Reading the pictures"
    ]
    assert counted == [4, 8, 12, 16]


def test_a_cancelled_import_leaves_nothing(data):
    job, request = job_of(data)
    job.write("request.json", request.__dict__)
    job.cancel_file.touch()
    assert work(job).state == "failed" and not job.folder.exists() and list_datasets(data) == []


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
    job.write("request.json", Request(str(zipped(job.brought / "x.zip", {"a.txt": b"x"})), "None").__dict__)
    assert work(job).state == "failed"
    assert_one_sentence(job.progress().message, "no picture")


def test_a_full_disk_ends_it_in_a_sentence(data, monkeypatch):
    import sqlite3

    job, request = job_of(data)
    job.write("request.json", request.__dict__)

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(bringing, "look_at", full)
    assert work(job).state == "failed"
    assert_one_sentence(job.progress().message, "free some space")


def test_time_left_is_that_of_the_phase():
    from core.own_data.jobs import Progress

    now = time.time()
    assert Progress("working", "x", 25, 100, now - 10).seconds_left(now) == pytest.approx(30)
    assert Progress("working", "x", 0, 100, now).seconds_left(now) is None
