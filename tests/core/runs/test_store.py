"""Run folders: made, listed, found, replaced in one step."""

import os
import shutil
import threading

import pytest

from core.errors import TrainDeskError
from core.runs import store
from core.runs.store import Run, create_run, find_run, list_runs
from core.settings.settings import SettingsError
from core.text.typed import clean_line
from tests.helpers import assert_one_sentence, made_at, quick_config


def make(runs_folder, title="A run"):
    return create_run(quick_config(title=title), runs_folder)


def test_a_new_run_has_its_config_and_nothing_else(runs_folder):
    config = quick_config(title="First Try!")
    run = create_run(config, runs_folder)
    assert run.config() == config
    assert [path.name for path in run.folder.iterdir()] == ["config.json"]
    assert run.id.split("-", 2)[2].startswith("first-try-")
    assert run.events() == ([], 0)
    assert run.checkpoint() is None


def test_the_runs_folder_is_made(tmp_path):
    assert make(tmp_path / "deep" / "runs").folder.is_dir()


@pytest.mark.parametrize("title", ["", "数字", "../../etc", "a/b\\c:d", "x" * 500, "CON", "\n", "ünï"])
def test_any_title_makes_a_plain_folder_name(title, runs_folder):
    run = make(runs_folder, title)
    assert run.folder.parent == runs_folder
    assert run.id.replace("-", "").isalnum() and run.id.isascii() and run.id == run.id.lower()
    assert len(run.id) < 80
    assert run.config().title == clean_line(title)


def test_twenty_threads_get_twenty_runs(runs_folder):
    runs, barrier = [], threading.Barrier(20)

    def create():
        barrier.wait()
        runs.append(make(runs_folder))

    threads = [threading.Thread(target=create) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.folder for run in runs}) == 20
    assert len(list_runs(runs_folder)) == 20
    assert all(run.config().title == "A run" for run in runs)


def test_two_runs_of_the_same_moment_and_the_same_chance_get_two_folders(runs_folder, monkeypatch):
    drawn = iter(["aaaa", "aaaa", "bbbb", "cccc"])
    monkeypatch.setattr(store.secrets, "token_hex", lambda length: next(drawn))
    monkeypatch.setattr(store.time, "strftime", lambda form: "20250101-120000")
    assert make(runs_folder).folder != make(runs_folder).folder


def test_a_runs_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainDeskError) as caught:
        make(tmp_path / "file" / "runs")
    assert_one_sentence(str(caught.value), str(tmp_path), "runs folder")


def test_a_full_disk_is_one_sentence(runs_folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainDeskError) as caught:
        make(runs_folder)
    assert_one_sentence(str(caught.value), "No space left on device", "free space")
    assert list_runs(runs_folder) == [] and not list(runs_folder.iterdir()), "and no empty folder is left"


def test_runs_are_listed_newest_first(runs_folder):
    runs = [make(runs_folder, title) for title in "abc"]
    for age, run in enumerate(runs):
        made_at(run, 1_000_000 - age)
    assert list_runs(runs_folder) == runs
    made_at(runs[2], 1_000_001)
    assert list_runs(runs_folder)[0] == runs[2]


@pytest.mark.links
def test_foreign_things_in_the_runs_folder_are_passed_over(runs_folder):
    run = make(runs_folder)
    (runs_folder / "notes.txt").write_text("mine")
    (runs_folder / "empty folder").mkdir()
    (runs_folder / "config.json").write_text("{}")
    (runs_folder / "pictures").mkdir()
    (runs_folder / "pictures" / "cat.png").write_bytes(b"x")
    (runs_folder / "strange" / "config.json").mkdir(parents=True)
    (runs_folder / "gone").symlink_to(runs_folder / "nowhere")
    assert list_runs(runs_folder) == [run]
    assert find_run("latest", runs_folder) == run


def test_no_runs_folder_is_no_runs(tmp_path):
    assert list_runs(tmp_path / "none") == []


def test_a_copied_run_is_a_run(runs_folder, tmp_path):
    run = make(runs_folder)
    copy = Run(shutil.copytree(run.folder, tmp_path / "elsewhere" / run.id))
    assert list_runs(tmp_path / "elsewhere") == [copy]
    assert copy.config() == run.config()


def test_a_run_is_found_by_id_by_a_beginning_and_as_the_latest(runs_folder):
    first, second = make(runs_folder, "first"), make(runs_folder, "second")
    made_at(first, 1_000_000)
    assert find_run(first.id, runs_folder) == first
    assert find_run(second.id[:-1], runs_folder) == second
    assert find_run("latest", runs_folder) == second


def test_an_id_that_begins_another_is_still_found(runs_folder):
    run = make(runs_folder)
    longer = Run(shutil.copytree(run.folder, runs_folder / f"{run.id}-copy"))
    assert find_run(run.id, runs_folder) == run
    assert find_run(longer.id, runs_folder) == longer


@pytest.mark.parametrize("wanted", ["", "nothing", "latest ", "../runs", "*", "x" * 300])
def test_an_unknown_run_is_one_sentence_with_the_newest(wanted, runs_folder):
    run = make(runs_folder)
    with pytest.raises(TrainDeskError) as caught:
        find_run(wanted, runs_folder)
    assert_one_sentence(str(caught.value), "There is no run", run.id)


def test_an_ambiguous_beginning_asks_for_more(runs_folder):
    runs = [make(runs_folder), make(runs_folder)]
    with pytest.raises(TrainDeskError) as caught:
        find_run(os.path.commonprefix([run.id for run in runs]), runs_folder)
    assert_one_sentence(str(caught.value), "fits 2 runs", "give more of the id")


@pytest.mark.parametrize("wanted", ["latest", "x"])
def test_without_runs_there_is_none_yet(wanted, runs_folder):
    with pytest.raises(TrainDeskError) as caught:
        find_run(wanted, runs_folder)
    assert_one_sentence(str(caught.value), "there is none yet")


def test_best_is_preferred_to_last(runs_folder):
    run = make(runs_folder)
    run.last.touch()
    assert run.checkpoint() == run.last
    run.best.touch()
    assert run.checkpoint() == run.best


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"\xff\xfe\x00",
        b"[]",
        b'{"dataset": "letters"}',
        b'{"title": 5}',
        b'{"format": 9}',
        b"[" * 100_000,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_damaged_config_is_one_sentence(content, runs_folder):
    run = make(runs_folder)
    run.config_file.write_bytes(content)
    with pytest.raises(TrainDeskError) as caught:
        run.config()
    assert_one_sentence(str(caught.value))
    assert list_runs(runs_folder) == [run], "it stays in the list, so that it can be deleted"


def test_a_missing_config_is_one_sentence(runs_folder):
    run = make(runs_folder)
    run.config_file.unlink()
    with pytest.raises(TrainDeskError) as caught:
        run.config()
    assert_one_sentence(str(caught.value), run.id)


def test_problems_of_a_config_stay_apart(runs_folder):
    run = make(runs_folder)
    run.config_file.write_text('{"dataset": "letters", "loss": "none"}')
    with pytest.raises(SettingsError) as caught:
        run.config()
    assert len(caught.value.problems) == 2
