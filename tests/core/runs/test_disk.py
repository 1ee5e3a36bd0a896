"""What runs take of the disk, when it is too full for another, and making room."""

import os
from types import SimpleNamespace

import psutil
import pytest

from core.errors import TrainDeskError
from core.files import folder_size
from core.runs import disk
from core.runs.disk import FULL, LOW, disk_problem, disk_usage, disk_warning, forget_last
from core.runs.queue import enqueue
from core.runs.store import create_run
from core.text.numbers import bytes_in_words
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.fake_runs import fake_run, running


@pytest.fixture
def free(monkeypatch):
    """Sets what every disk has free."""

    def leave(size):
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: SimpleNamespace(free=size))

    return leave


@pytest.fixture
def trained(runs_folder):
    run = fake_run(runs_folder, "finished")
    run.best.write_bytes(b"b" * 700)
    run.last.write_bytes(b"l" * 2000)
    return run


def refused(run, *parts):
    with pytest.raises(TrainDeskError) as caught:
        forget_last(run)
    assert_one_sentence(str(caught.value), run.id, *parts)
    assert run.last.is_file()


@pytest.mark.links
def test_a_runs_size_is_that_of_all_its_files(runs_folder):
    run = create_run(quick_config(), runs_folder)
    before = folder_size(run.folder)
    assert before == run.config_file.stat().st_size > 0
    run.last.write_bytes(b"x" * 5000)
    (run.folder / "pictures" / "deep").mkdir(parents=True)
    (run.folder / "pictures" / "deep" / "one.png").write_bytes(b"x" * 70)
    (run.folder / "elsewhere").symlink_to(os.path.dirname(os.__file__))
    (run.folder / "file elsewhere").symlink_to(os.__file__)
    assert folder_size(run.folder) == before + 5000 + 70 + len(os.__file__), "of a link, the link itself"


def test_a_run_that_is_gone_has_no_size(runs_folder):
    assert folder_size(runs_folder / "gone") == 0


def test_free_space_is_that_of_the_folders_disk_also_before_it_is_made(runs_folder, monkeypatch):
    asked = []

    def usage(folder):
        asked.append(folder)
        if not folder.exists():
            raise FileNotFoundError(folder)
        return SimpleNamespace(free=123)

    monkeypatch.setattr(disk.shutil, "disk_usage", usage)
    assert disk_usage(runs_folder / "not" / "yet").free == 123
    assert asked[-1] == runs_folder


def test_the_free_space_of_this_computer_is_found(runs_folder):
    assert disk_usage(runs_folder).free == pytest.approx(psutil.disk_usage(str(runs_folder)).free, abs=1e9)


def test_a_disk_with_room_is_no_problem(runs_folder, free):
    free(LOW)
    assert disk_problem(runs_folder) == disk_warning(runs_folder) == ""


@pytest.mark.parametrize("size", [FULL, LOW - 1])
def test_a_disk_that_gets_full_is_warned_of(size, runs_folder, free):
    free(size)
    assert disk_problem(runs_folder) == ""
    assert_one_sentence(disk_warning(runs_folder), bytes_in_words(size), str(runs_folder), "300 MB", "trash", "delete")


def test_a_full_disk_takes_no_new_run(runs_folder, free):
    free(FULL - 1_000_000)
    assert_one_sentence(disk_problem(runs_folder), "299 MB", str(runs_folder), "300 MB", "empty the trash")
    assert disk_warning(runs_folder) == disk_problem(runs_folder)


def test_a_disk_that_is_not_there_is_a_problem(runs_folder, monkeypatch):
    def gone(folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk.shutil, "disk_usage", gone)
    assert_one_sentence(disk_problem(runs_folder), str(runs_folder), "check that it is there")
    assert disk_warning(runs_folder) == disk_problem(runs_folder)


def test_the_last_checkpoint_is_forgotten_and_the_best_is_kept(trained):
    before = folder_size(trained.folder)
    assert forget_last(trained) == 2000 == before - folder_size(trained.folder)
    assert not trained.last.exists() and trained.checkpoint() == trained.best
    assert forget_last(trained) == 0, "there is nothing left to remove"


def test_a_run_that_trains_keeps_its_last_checkpoint(trained):
    with running(trained):
        refused(trained, "is being trained", "stop it")


def test_a_run_that_waits_keeps_its_last_checkpoint(trained):
    enqueue(trained)
    refused(trained, "waits in the queue")


def test_a_last_checkpoint_that_is_the_only_one_is_kept(trained):
    trained.best.unlink()
    refused(trained, "no best checkpoint")


def test_a_checkpoint_that_cannot_be_removed_is_one_sentence(trained, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", refuse)
        refused(trained, "Operation not permitted")
