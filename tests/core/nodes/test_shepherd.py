"""A desk and other computers joined in one process, whose workers are threads: who starts what when, and ends it."""

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest

from core.errors import TrainDeskError
from core.experiments.pruning import others_at
from core.machine.torch_devices import TorchDevice
from core.nodes import beginning, mirror
from core.nodes.tended_note import tended_in
from core.runs.assignment import assignment_of
from core.runs.events import EventWriter
from core.runs.playback import Playback, ask_for_playback, playback_of
from core.runs.store import write_config
from core.workers import dispatch
from tests.core.nodes.joined import place
from tests.core.nodes.one_process import is_settled
from tests.core.running import kinds
from tests.helpers import wait_until

pytestmark = pytest.mark.usefixtures("desk_lives", "quick")


def test_a_run_goes_to_its_computer_and_comes_back_finished(room):
    lab = room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    assert lab.facts() == {"runs": [run.id], "problem": ""}
    room.go.set()
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and run.best.read_bytes() == b"network"
    there = room.there(run)
    assert run.event_log.read_bytes() == there.event_log.read_bytes()
    assert run.config_file.read_bytes() == there.config_file.read_bytes()
    wait_until(lambda: lab.facts()["runs"] == [])
    wait_until(lambda: tended_in(there.folder).settled)
    assert len(room.workers.launched) == 1


def test_a_computer_says_itself_which_of_its_gpus_a_run_gets(room, monkeypatch):
    cards = (TorchDevice("cuda:0", "Big", "GPU-a"), TorchDevice("cuda:1", "Big", "GPU-b"))
    monkeypatch.setattr(dispatch, "accelerators", lambda: cards)
    monkeypatch.setattr(dispatch, "gpus", lambda: ("cuda:0", "cuda:1"))
    monkeypatch.setattr(dispatch, "least_used", sorted)
    room.computer("lab-1")
    runs = [room.create(), room.create()]
    for run in runs:
        write_config(run, run.config().with_changes({"training.device": "auto"}), run.created())
        place(run, "lab-1")
    wait_until(lambda: all(map(room.is_training, runs)))
    assert sorted(assignment_of(room.there(run).folder).given for run in runs) == [["GPU-a"], ["GPU-b"]]


def test_a_run_that_goes_on_where_it_was_keeps_its_folder_there(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    run.request_pause()
    wait_until(lambda: is_settled(run))
    assert run.status().name == "paused" and run.last.read_bytes() == b"so far" and not run.pause_request.exists()
    for name in ("only there", "pause"):  # a request that was left there counts no more
        (room.there(run).folder / name).touch()
    write_config(run, run.config().with_changes({"training.epochs": 9}), run.created())
    calls = room.link("lab-1").calls
    calls.clear()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    room.go.set()
    wait_until(lambda: is_settled(run))
    there = room.there(run)
    assert run.status().name == "finished" and there.config().training.epochs == 9
    assert kinds(run) == kinds(there) == ["started", "paused", "resuming", "started", "finished"]
    assert (there.folder / "only there").exists()
    assert {values["name"] for method, values in calls if method == "put"} == {"best.pt"}


def test_a_paused_run_goes_on_there_before_its_files_are_all_here(room):
    """Nothing of the folder there may be lost to a generation that begins while files are on their way."""
    room.computer("lab-1")
    link = room.link("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    pass_on = link.pass_on

    def without_files(method, values):
        if method in ("put", "offer"):
            raise ConnectionError("slow")
        return pass_on(method, values)

    link.pass_on = without_files
    run.request_pause()
    wait_until(lambda: run.status().name == "paused")
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run) and kinds(run)[-2:] == ["resuming", "started"])
    del link.pass_on
    room.go.set()
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and run.last.read_bytes() == b"so far"
    assert [path.name for path in room.there(run).folder.parent.glob("[!.]*")] == [run.id]


def test_stop_and_pause_and_learning_rate_reach_the_worker_within_a_second(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    begun = time.monotonic()
    run.request_learning_rate(0.5)
    wait_until(lambda: "learning_rate" in kinds(run))
    wait_until(lambda: not run.learning_rate_request.exists())
    run.request_learning_rate(0.25)
    wait_until(lambda: kinds(run).count("learning_rate") == 2 and not run.learning_rate_request.exists())
    ask_for_playback(run, Playback(3.0, 5))
    wait_until(lambda: playback_of(room.there(run)) == Playback(3.0, 5))
    run.playback_request.unlink()
    wait_until(lambda: not room.there(run).playback_request.exists())
    run.request_stop()
    wait_until(lambda: run.status().name == "stopped")
    assert time.monotonic() - begun < 5
    wait_until(lambda: is_settled(run))
    assert not run.stop_request.exists() and kinds(run).count("learning_rate") == 2


def test_a_learning_rate_is_placed_once_however_often_the_desk_asks(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    link = room.link("lab-1")
    pass_on = link.pass_on

    def never_known(method, values):  # the desk does not hear that it was placed
        if method == "orders":
            values = {"known": {"runs": {}, "version": ""}}
        return pass_on(method, values)

    link.pass_on = never_known
    run.request_learning_rate(0.5)
    wait_until(lambda: "learning_rate" in kinds(run))
    room.restart("lab-1")
    room.until_tended()
    wait_until(lambda: not room.there(run).learning_rate_request.exists())
    assert kinds(run).count("learning_rate") == 1


@pytest.mark.parametrize("request_name, end", [("stop_request", "stopped"), ("pause_request", "paused")])
def test_an_end_that_is_asked_for_before_the_run_began_comes_at_once(room, monkeypatch, request_name, end):
    on_its_way = threading.Event()

    def slow(*_, fetch, check):
        on_its_way.set()
        while True:
            time.sleep(0.02)
            check()

    monkeypatch.setattr(beginning, "bring", lambda *values: slow(fetch=values[4], check=values[5]))
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    assert on_its_way.wait(20) and run.status().name == "starting"
    begun = time.monotonic()
    getattr(run, request_name).touch()
    wait_until(lambda: is_settled(run))
    assert time.monotonic() - begun < 3
    assert run.status().name == end and "before it began" in run.status().reason
    assert not room.workers.launched and not getattr(run, request_name).exists()


def test_what_cannot_be_brought_fails_the_run_with_its_reason(room, monkeypatch):
    def refuse(*_):
        raise TrainDeskError("There is no room for the pictures; free some space there.")

    monkeypatch.setattr(beginning, "bring", refuse)
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: is_settled(run))
    assert run.status().name == "failed" and run.status().reason.startswith("There is no room")


def test_clocks_of_two_computers_are_never_compared(room, monkeypatch):
    """Those of the files there are years away."""

    def work(run, write):
        room.work(run, write)
        for path in run.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # what serves the run writes beside us
                os.utime(path, (1, 1) if path.name != "worker.lock" else None)

    room.workers.work = work
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    room.go.set()
    wait_until(lambda: is_settled(run))
    assert run.status().name == "finished" and run.best.read_bytes() == b"network"
    assert abs(Path(run.best).stat().st_mtime - time.time()) < 60


def test_a_run_that_may_be_hopeless_hears_what_the_others_have_on_all_computers(room, monkeypatch):
    monkeypatch.setattr(mirror, "OTHERS_SECONDS", 0.0)
    room.computer("lab-1")
    run = room.create(experiment="Trial", training={"prune": True})
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    other, elsewhere = room.create(experiment="Trial"), room.create(experiment="Another")
    for each in (other, elsewhere):
        log = EventWriter(each.event_log)
        log.write("started")
        log.write("epoch", epoch=1, step=3, **{"val/accuracy": 0.75})
        log.close()
    wait_until(lambda: others_at(room.there(run), "Trial", room.there(run).folder.parent) == [{1: 0.75}])
