"""A run that is saved and opened elsewhere is the same run; what says who or where stays."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core.errors import TrainDeskError
from core.export.saved import opened_runs, run_file, run_parts
from core.export.saved.run_file import AlreadyHere, open_run, save_run
from core.inference.classifier import Classifier
from core.runs.events import INTERRUPTED, PAUSED
from core.runs.history import History
from core.runs.metadata import RunMetadata, change_metadata, read_metadata
from core.runs.queue import enqueue
from core.runs.store import Run, create_run, list_runs
from core.runs.summary import summarise
from core.runs.trash import delete_run
from core.workers.control import ask_to_resume
from core.workers.worker import work
from tests.core.running import same_weights
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.trained import copied, train
from tests.saved import contents, nothing_came, packed, quiet


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data_folder):
    """A run with everything that a run's folder may hold."""
    run = train(
        tmp_path_factory.mktemp("finished"), data_folder, epochs=2, training={"keep_every": 1, "tensorboard": True}
    )
    change_metadata(
        run, title="Fast digits 数字 🙂", note="From the lab.", tags=["school"], favourite=True, owner="anna"
    )
    for name in ("companion", "progress", "playback", "learning_rate", "stop", "pause", "worker.log", "worker.pid"):
        (run.folder / name).write_text("left over")
    return run


SLOW = {"epoch_seconds": 0.5}  # else it can be over before it looks whether a pause is asked for


@pytest.fixture(scope="module")
def half_way(tmp_path_factory, data_folder):
    """One that was paused after its first epoch of three."""
    run = create_run(quick_config(epochs=3, title="Half way", training=SLOW), tmp_path_factory.mktemp("half"))
    assert (
        work(run, data_folder, listen=lambda event: event["event"] == "epoch" and run.request_pause())["event"]
        == PAUSED
    )
    return run


@pytest.fixture(scope="module")
def saved(finished, data_folder, tmp_path_factory):
    """The finished run as a file; only to be read."""
    place = tmp_path_factory.mktemp("saved") / "Fast digits.traindesk"
    save_run(finished, place, "", data_folder, quiet)
    return place


# --- the same run elsewhere --------------------------------------------------------------------------------------------------


def test_it_arrives_with_curves_network_and_what_people_wrote(finished, saved, runs_folder, data_folder):
    run = open_run(saved, runs_folder, data_folder, "ben")
    assert run.id == finished.id and run.status() == finished.status() and list_runs(runs_folder) == [run]
    assert read_metadata(run) == RunMetadata("Fast digits 数字 🙂", "From the lab.", ("school",), False, "ben")
    assert run.config() == finished.config() and run.created() == finished.created()
    assert run.events() == finished.events(), "the whole log"
    one, other = (summarise(each, History(each).update(), "finished", "") for each in (run, finished))
    assert {**vars(one), "size": 0, "favourite": 0, "owner": 0} == {
        **vars(other),
        "size": 0,
        "favourite": 0,
        "owner": 0,
    }
    assert list(run.checkpoints()) == ["best", "last", "1", "2"] == list(finished.checkpoints())
    assert all(same_weights(run.checkpoint(name), finished.checkpoint(name)) for name in run.checkpoints())
    pixels = np.random.default_rng(0).integers(0, 255, (5, 1, 8, 8), dtype=np.uint8)
    assert (Classifier.load(run).predict(pixels) == Classifier.load(finished).predict(pixels)).all()


def test_what_says_who_or_where_stays(finished, saved, data_folder):
    inside = contents(saved)
    left = {path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()}
    gone = {name for name in left if f"run/{name}" not in inside}
    tensorboard = {name for name in gone if name.startswith("tensorboard/")}
    assert tensorboard and gone - tensorboard == {
        *(
            "companion",
            "progress",
            "playback",
            "learning_rate",
            "stop",
            "pause",
            "worker.log",
            "worker.pid",
            "worker.lock",
        )
    }
    everything = b"\n".join(inside.values())
    for word in ("anna", str(finished.folder.parent), str(data_folder), str(Path.home() / "")):
        assert word == "/" or word.encode() not in everything, word
    assert json.loads(inside["run/labels.json"])["favourite"] is False


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("The log {runs}/20261126-run/events.jsonl is full.", "The log …/20261126-run/events.jsonl is full."),
        ("No pictures in {data}, bring them.", "No pictures in …, bring them."),
        ("Device full: /mnt/anna/pictures/cat.png; free space.", "Device full: …/cat.png; free space."),
        (r"Failed (C:\Users\Anna\cat.png).", "Failed (…/cat.png)."),
        ("Trained 3/4 of it, train/loss was 0.5 and/or less, see https://example.org/a/b.", None),
    ],
)
def test_a_sentence_of_the_log_names_no_folder(tmp_path, data_folder, said, left):
    said = said.format(runs=tmp_path, data=data_folder)
    line = json.dumps({"event": "failed", "time": 1.0, "message": said}).encode() + b"\n"
    places = run_parts.Places.here(tmp_path, data_folder)
    [kept] = run_parts.log_that_leaves([line, b'{"event": "half'], places, False)
    assert json.loads(kept) == {"event": "failed", "time": 1.0, "message": left or said}


def test_it_goes_on_to_the_very_weights_it_would_have_had(half_way, runs_folder, tmp_path, data_folder):
    save_run(half_way, tmp_path / "half.traindesk", "", data_folder, quiet)
    run = open_run(tmp_path / "half.traindesk", runs_folder, data_folder, "")
    stayed = copied(half_way, tmp_path / "stayed")
    for each in (run, stayed):
        ask_to_resume(each)
        assert work(each, data_folder)["event"] == "finished"
    assert [epoch["epoch"] for epoch in History(run).update().epochs] == [1, 2, 3]
    assert same_weights(run.best, stayed.best) and same_weights(run.last, stayed.last)


def test_one_that_trains_is_saved_and_opens_as_interrupted(half_way, runs_folder, tmp_path, data_folder):
    run = copied(half_way, tmp_path / "busy")
    lines = run.event_log.read_bytes().splitlines(keepends=True)
    run.event_log.write_bytes(b"".join(lines[:-1]) + b'{"event": "step", "ti')  # the worker is in the middle of a line
    with FileLock(run.worker_lock):
        assert run.status().name == "running"
        save_run(run, tmp_path / "busy.traindesk", "", data_folder, quiet)
    opened = open_run(tmp_path / "busy.traindesk", runs_folder, data_folder, "")
    assert (opened.status().name, opened.status().reason) == (INTERRUPTED, "It was saved while it trained.")
    assert History(opened).update().steps == History(run).update().steps
    ask_to_resume(opened)
    assert work(opened, data_folder)["event"] == "finished"


def test_one_that_waited_can_be_started(runs_folder, tmp_path, data_folder):
    run = create_run(quick_config(title="Waits"), tmp_path / "queue")
    enqueue(run, "anna")
    save_run(run, tmp_path / "waits.traindesk", "", data_folder, quiet)
    opened = open_run(tmp_path / "waits.traindesk", runs_folder, data_folder, "ben")
    assert opened.status().name == "stopped" and opened.checkpoints() == {}
    ask_to_resume(opened)
    assert work(opened, data_folder)["event"] == "finished"


def test_a_device_that_is_not_here_is_chosen_anew(tmp_path, runs_folder, data_folder):
    run = create_run(quick_config(training={"device": "cuda:7"}), tmp_path / "gpu")
    save_run(run, tmp_path / "gpu.traindesk", "", data_folder, quiet)
    assert open_run(tmp_path / "gpu.traindesk", runs_folder, data_folder, "").config().training.device == "auto"


# --- twice -------------------------------------------------------------------------------------------------------------------


def test_the_same_run_is_not_brought_twice(finished, saved, runs_folder, data_folder):
    run = open_run(saved, runs_folder, data_folder, "ben")
    change_metadata(run, title="Mine now")
    for folder, title, there in (
        (runs_folder, "Mine now", run),
        (finished.folder.parent, "Fast digits 数字 🙂", finished),
    ):
        with pytest.raises(AlreadyHere) as refusal:
            open_run(saved, folder, data_folder, "cleo")
        assert refusal.value.run == there
        assert_one_sentence(str(refusal.value), f"'{title}' is here already")
    assert list_runs(runs_folder) == [run] and read_metadata(run).owner == "ben"


def test_one_that_was_trained_further_elsewhere_comes_beside_the_one_that_is_here(
    half_way, runs_folder, tmp_path, data_folder
):
    here = copied(half_way, runs_folder)
    elsewhere = copied(half_way, tmp_path / "home")
    ask_to_resume(elsewhere)
    work(elsewhere, data_folder)
    save_run(elsewhere, tmp_path / "more.traindesk", "", data_folder, quiet)
    before = {path: path.read_bytes() for path in here.folder.rglob("*") if path.is_file()}
    opened = open_run(tmp_path / "more.traindesk", runs_folder, data_folder, "")
    assert opened.id != here.id and opened.id.startswith(here.id) and opened.status().name == "finished"
    assert {path: path.read_bytes() for path in here.folder.rglob("*") if path.is_file()} == before
    with pytest.raises(AlreadyHere) as refusal:
        open_run(tmp_path / "more.traindesk", runs_folder, data_folder, "")
    assert refusal.value.run == opened
    ask_to_resume(here, more_epochs=1)
    work(here, data_folder)  # another way from the same start, and later than the one of the file
    delete_run(opened)
    assert open_run(tmp_path / "more.traindesk", runs_folder, data_folder, "").id not in (here.id, opened.id)


def test_another_run_of_that_id_stays_as_it_is(saved, runs_folder, data_folder):
    name = json.loads(contents(saved)["manifest.json"])["run"]
    other = create_run(quick_config(title="Other"), runs_folder)
    other.folder.rename(runs_folder / name)
    opened = open_run(saved, runs_folder, data_folder, "")
    assert opened.id.startswith(name) and {run.id for run in list_runs(runs_folder)} == {name, opened.id}
    assert Run(runs_folder / name).config().title == "Other"


@pytest.mark.parametrize(
    "name", ["../up", "con", "latest", "..", "", "a/b", "x" * 300, ".hidden", "20261126-120000-nul."]
)
def test_an_id_that_is_no_id_is_not_taken_over(saved, tmp_path, runs_folder, data_folder, name):
    opened = open_run(packed(tmp_path / "a.traindesk", contents(saved), run=name), runs_folder, data_folder, "")
    assert opened_runs.ID.fullmatch(opened.id) and opened.folder.parent == runs_folder and opened.id.endswith("-opened")


def test_a_process_that_was_killed_meanwhile_leaves_nothing_for_long(saved, runs_folder, data_folder):
    old, new = runs_folder / ".opening-old", runs_folder / ".opening-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (0, 0))
    run = open_run(saved, runs_folder, data_folder, "")
    assert {path.name for path in runs_folder.iterdir()} == {run.id, ".opening-new", ".traindesk"} and list_runs(
        runs_folder
    ) == [run]


def test_a_file_that_cannot_be_written_is_said(finished, tmp_path, data_folder):
    with pytest.raises(TrainDeskError) as refusal:
        save_run(finished, tmp_path / "nowhere" / "a.traindesk", "", data_folder, quiet)
    assert_one_sentence(str(refusal.value), "could not be written")


def test_a_full_disk_is_said_before_anything_is_written(saved, runs_folder, data_folder, monkeypatch):
    monkeypatch.setattr(run_file, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 300_000_100))
    with pytest.raises(TrainDeskError) as refusal:
        open_run(saved, runs_folder, data_folder, "")
    assert_one_sentence(str(refusal.value), "300 MB stay free")
    assert nothing_came(runs_folder)


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(saved, tmp_path, runs_folder, data_folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "best.pt")

    monkeypatch.setattr(run_file, "write_config", full)
    with pytest.raises(TrainDeskError) as refusal:
        open_run(saved, runs_folder, data_folder, "")
    assert_one_sentence(str(refusal.value), "No space left", "free some space")
    assert nothing_came(runs_folder)
