"""What the process of an import does: questions, another reading, cancelling at any moment, a full disk."""

import pytest

from core.image_sets import ingest as ingesting
from core.image_sets.folders import list_datasets
from core.image_sets.import_process import run_import
from core.image_sets.imports import Job, Request, new_job, read_again
from tests.core.image_sets.test_imports import job_of
from tests.helpers import assert_one_sentence, wait_until
from tests.own import class_files, zipped


def years(data, **request):
    job = new_job(data)
    files = class_files({"stripes": 6, "dots": 6}, "2023/") | class_files({"stripes": 6, "dots": 6}, "2024/", 50)
    return job, Request(str(zipped(job.uploads / "pictures.zip", files)), "Years", **request)


def test_a_question_waits_for_its_answer_before_anything_is_decoded(data, monkeypatch):
    job, request = years(data)
    job.write(request)
    monkeypatch.setattr(ingesting, "_decode", lambda *_: pytest.fail("decoded before it was answered"))
    assert run_import(job).state == job.progress().state == "asking"
    assert "Which level" in job.reading().question and not job.dataset.folder.exists()
    monkeypatch.undo()
    read_again(job, "level-1")
    wait_until(lambda: job.progress().state in ("ready", "failed"))
    assert [each.name for each in job.dataset.classes()] == ["2023", "2024"]
    read_again(job, "level-2")
    wait_until(lambda: job.progress().state in ("ready", "failed"))
    assert [each.name for each in job.dataset.classes()] == ["dots", "stripes"] and job.reading().key == "level-2"
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


def test_what_is_wrong_with_it_is_one_sentence(data):
    job = new_job(data)
    job.write(Request(str(zipped(job.uploads / "x.zip", {"a.txt": b"x"})), "None"))
    assert run_import(job).state == "failed"
    assert_one_sentence(job.progress().message, "no picture")
