"""Deleted runs: moved away, brought back, removed for good; and everything that may be in the way."""

import errno
import os
import shutil
import threading
import time

import pytest

from core import files as module
from core.errors import TrainDeskError
from core.files import folder_size
from core.machine.trash import Trash
from core.runs.queue import enqueue, locked, waiting
from core.runs.store import Run, create_run, list_runs
from core.runs.trash import delete_run, deleted_at, deleted_runs, empty_trash, restore_run
from tests.helpers import assert_one_sentence, quick_config, wait_until
from tests.pages.fake_runs import fake_run, running


@pytest.fixture
def run(runs_folder):
    return fake_run(runs_folder, "finished")


def refused(action, *parts):
    with pytest.raises(TrainDeskError) as caught:
        action()
    assert_one_sentence(str(caught.value), *parts)


def files(run):
    return {path.name: path.read_bytes() for path in run.folder.iterdir()}


def fail(number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    return refuse


def let_the_files_clock_tick():
    """Times of files go forward in steps of some milliseconds."""
    before = time.time()
    wait_until(lambda: time.time() > before + 0.02)


# --- deleted and restored --------------------------------------------------------------------------------------------


def test_a_deleted_run_is_in_the_trash_alone_and_comes_back_as_it_was(run, runs_folder):
    before, status, created = files(run), run.status(), run.created()
    delete_run(run)
    assert list_runs(runs_folder) == [] and not run.folder.exists()
    assert [each.id for each in deleted_runs(runs_folder)] == [run.id]
    assert restore_run(run.id, runs_folder) == run
    assert (files(run), run.status(), run.created()) == (before, status, created)
    assert list_runs(runs_folder) == [run] and deleted_runs(runs_folder) == []


def test_a_run_is_deleted_and_restored_again_and_again(run, runs_folder):
    for _ in range(3):
        delete_run(run)
        assert restore_run(run.id[:-2], runs_folder) == run


@pytest.mark.parametrize("status", ["paused", "stopped", "failed", "interrupted", "damaged"])
def test_a_run_that_nobody_trains_can_be_deleted(status, runs_folder):
    run = fake_run(runs_folder, status)
    expected = run.status()
    delete_run(run)
    assert restore_run(run.id, runs_folder).status() == expected


def test_a_run_that_trains_is_not_deleted(run):
    with running(run):
        refused(lambda: delete_run(run), run.id, "is being trained", "stop it")
        assert run.status().name == "running"


def test_a_run_on_its_way_is_not_deleted(runs_folder):
    run = fake_run(runs_folder, "starting")
    refused(lambda: delete_run(run), run.id, "stop it")
    assert run.is_here()


def test_a_run_that_waits_leaves_the_queue_and_does_not_come_back_into_it(runs_folder):
    first, second = (create_run(quick_config(), runs_folder) for _ in range(2))
    enqueue(first)
    enqueue(second)
    delete_run(first)
    assert [entry.run for entry in waiting(runs_folder)] == [second]
    assert deleted_runs(runs_folder)[0].status().name == "stopped"
    assert restore_run(first.id, runs_folder).status().name == "stopped"
    assert [entry.run for entry in waiting(runs_folder)] == [second]


def test_a_place_in_the_queue_that_survived_in_the_trash_is_no_place(runs_folder, monkeypatch):
    """As when the process was killed between moving the run and removing its place."""
    run = create_run(quick_config(), runs_folder)
    enqueue(run)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", fail(errno.EIO))
        delete_run(run)
    assert deleted_runs(runs_folder)[0].queue_place.exists()
    restore_run(run.id, runs_folder)
    assert waiting(runs_folder) == []


def test_deleting_waits_for_whoever_starts_runs(runs_folder):
    """Held: a dispatcher that is about to start the run. It must not find its folder gone, nor delete what it started."""
    run, problems = create_run(quick_config(), runs_folder), []

    def try_to_delete():
        try:
            delete_run(run)
        except TrainDeskError as error:
            problems.append(error)

    thread = threading.Thread(target=try_to_delete)
    with locked(runs_folder):
        thread.start()
        assert not _ends(thread, 0.3)
        run.starting_mark.touch()
    thread.join(20)
    assert len(problems) == 1 and run.folder.is_dir()


def _ends(thread, seconds):
    thread.join(seconds)
    return not thread.is_alive()


def test_the_trash_lists_the_last_deletion_first(runs_folder):
    runs = [create_run(quick_config(title=title), runs_folder) for title in "abc"]
    for run in (runs[1], runs[0], runs[2]):
        delete_run(run)
        os.utime(Trash(runs_folder).folder / run.id, (0, 0))  # the folder's own time says nothing
        let_the_files_clock_tick()
    assert [run.id for run in deleted_runs(runs_folder)] == [runs[2].id, runs[0].id, runs[1].id]
    assert all(abs(deleted_at(run) - time.time()) < 60 for run in deleted_runs(runs_folder))


def test_there_may_be_no_trash_at_all(runs_folder):
    assert deleted_runs(runs_folder) == [] and empty_trash(runs_folder) == 0
    assert list(runs_folder.iterdir()) == []


# --- what may be in the way ------------------------------------------------------------------------------------------


def test_a_run_that_is_gone_is_one_sentence(run, runs_folder):
    shutil.rmtree(run.folder)
    refused(lambda: delete_run(run), run.id, "not in", "any more")
    refused(lambda: restore_run(run.id, runs_folder), run.id, ".trash")


def test_a_name_that_the_trash_has_already_is_one_sentence(run, runs_folder):
    shutil.copytree(run.folder, runs_folder / "copy")
    delete_run(run)
    (runs_folder / "copy").rename(run.folder)
    refused(lambda: delete_run(run), run.id, "trash", "restore or empty")
    refused(lambda: restore_run(run.id, runs_folder), run.id, "another run", str(runs_folder))
    assert run.is_here() and len(deleted_runs(runs_folder)) == 1


def test_an_empty_folder_of_that_name_is_in_the_way_too(run, runs_folder):
    delete_run(run)
    run.folder.mkdir()
    refused(lambda: restore_run(run.id, runs_folder), run.id)


@pytest.mark.parametrize("run_id", ["", ".", "..", "../runs", "/", "x/../..", "\x00"])
def test_nothing_outside_the_trash_is_restored(run_id, run, runs_folder):
    delete_run(run)
    refused(lambda: restore_run(run_id, runs_folder), ".trash")
    assert len(deleted_runs(runs_folder)) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EXDEV])
def test_a_disk_that_refuses_is_one_sentence_and_the_run_stays_where_it_is(number, run, runs_folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "rename", fail(number))
        refused(lambda: delete_run(run), run.id, os.strerror(number), str(runs_folder))
    assert list_runs(runs_folder) == [run] and run.status().name == "finished"
    delete_run(run)
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "rename", fail(number))
        refused(lambda: restore_run(run.id, runs_folder), run.id, os.strerror(number))
    assert [each.id for each in deleted_runs(runs_folder)] == [run.id]


def test_a_file_where_the_trash_should_be_is_one_sentence(run, runs_folder):
    (Trash(runs_folder).folder).write_text("")
    refused(lambda: delete_run(run), run.id, "File exists")
    assert run.is_here() and deleted_runs(runs_folder) == [] and empty_trash(runs_folder) == 0


def test_a_disk_without_room_for_the_mark_still_deletes(run, runs_folder, monkeypatch):
    delete_run(fake_run(runs_folder, "stopped"))
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.touch", fail(errno.ENOSPC))
        delete_run(run)
    assert run.id in [each.id for each in deleted_runs(runs_folder)]
    assert not (Trash(runs_folder).folder / run.id / Trash.MARK).exists()
    assert restore_run(run.id, runs_folder) == run


@pytest.mark.links
def test_a_run_that_is_a_link_is_left_alone(run, runs_folder, tmp_path):
    run.folder.rename(tmp_path / "elsewhere")
    run.folder.symlink_to(tmp_path / "elsewhere")
    refused(lambda: delete_run(run), run.id, "link", "by hand")
    assert run.is_here()


# --- emptied ---------------------------------------------------------------------------------------------------------


def test_emptying_frees_what_the_runs_took_and_leaves_the_others(run, runs_folder):
    kept = fake_run(runs_folder, "stopped")
    run.last.write_bytes(b"x" * 100_000)
    size = folder_size(run.folder)
    delete_run(run)
    assert empty_trash(runs_folder) == size
    assert deleted_runs(runs_folder) == [] and list((Trash(runs_folder).folder).iterdir()) == []
    assert list_runs(runs_folder) == [kept]
    assert empty_trash(runs_folder) == 0


def test_only_what_was_deleted_long_ago_goes(runs_folder):
    old, young = (fake_run(runs_folder, "stopped") for _ in range(2))
    for run in (old, young):
        delete_run(run)
    then = time.time() - 3600
    os.utime(Trash(runs_folder).folder / old.id / Trash.MARK, (then, then))
    assert empty_trash(runs_folder, older_than=7200) == 0
    assert empty_trash(runs_folder, older_than=1800) > 0
    assert [run.id for run in deleted_runs(runs_folder)] == [young.id]


def test_what_a_killed_process_left_half_removed_goes_next_time(run, runs_folder, monkeypatch):
    delete_run(run)
    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "rmtree", fail(errno.EINTR))
        with pytest.raises(TrainDeskError):
            empty_trash(runs_folder)
    assert deleted_runs(runs_folder) == [], "what began to go is restored no more"
    assert empty_trash(runs_folder, older_than=3600) > 0
    assert list((Trash(runs_folder).folder).iterdir()) == []


@pytest.mark.links
def test_what_is_no_run_goes_too_but_never_what_a_link_names(run, runs_folder, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    delete_run(run)
    (Trash(runs_folder).folder / "link").symlink_to(tmp_path / "precious")
    (Trash(runs_folder).folder / "file").write_text("12345")
    (Trash(runs_folder).folder / run.id / "inner").symlink_to(tmp_path / "precious")
    empty_trash(runs_folder)
    assert list((Trash(runs_folder).folder).iterdir()) == []
    assert (tmp_path / "precious" / "file").read_text() == "kept"


def test_what_cannot_be_removed_is_named_and_the_rest_goes(runs_folder, monkeypatch):
    first, second = (fake_run(runs_folder, "stopped") for _ in range(2))
    (first.folder / "stubborn").write_text("")
    for run in (first, second):
        delete_run(run)
    unlink = os.unlink

    def picky(path, *arguments, **options):
        if str(path).endswith("stubborn"):
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        unlink(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "unlink", picky)
        refused(lambda: empty_trash(runs_folder), "Operation not permitted", "stubborn", "again")
    left = [path for path in (Trash(runs_folder).folder).rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["stubborn"]
    empty_trash(runs_folder)
    assert list((Trash(runs_folder).folder).iterdir()) == []


def test_a_restored_run_is_not_emptied(run, runs_folder):
    delete_run(run)
    restore_run(run.id, runs_folder)
    empty_trash(runs_folder)
    assert Run(runs_folder / run.id).is_here()
