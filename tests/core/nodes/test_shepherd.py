"""A desk and other computers joined in one process, whose workers are threads: who starts what when, and ends it."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from core.errors import TrainDeskError
from core.experiments.pruning import others_at
from core.machine.processes import name_process
from core.machine.torch_devices import TorchDevice
from core.nodes import beginning, local_worker, mirror, mirrored, parcels, shepherd, tended
from core.nodes.digests import Digests
from core.nodes.mirror import Mirror
from core.nodes.tended import TendedRun
from core.nodes.tended_note import Tended, keep_note, tended_in
from core.runs.assignment import assignment_of
from core.runs.events import EventWriter
from core.runs.placement import hand_over, placement_of
from core.runs.playback import Playback, ask_for_playback, playback_of
from core.runs.queue import locked
from core.runs.store import Run, create_run, write_config
from core.runs.trash import delete_run
from core.workers import dispatch
from tests.core.nodes.joined import FakeWorkers, place, shepherd_of
from tests.helpers import assert_one_sentence, quick_config, wait_until

pytestmark = pytest.mark.usefixtures("desk_lives")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Everyone looks more often."""
    for module, name, seconds in (
        (tended, "POLL_SECONDS", 0.02),
        (tended, "FILES_SECONDS", 0.05),
        (tended, "RETRY_SECONDS", 0.05),
        (shepherd, "RETRY_SECONDS", 0.05),
        (shepherd, "TICK_SECONDS", 0.05),
        (mirror, "SCAN_SECONDS", 0.05),
        (mirror, "LOOK_SECONDS", 0.02),
    ):
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setattr(mirrored, "needs", lambda run, _: parcels._run_so_far(run, Digests(run.folder.parent)))


class Room:
    """A desk, its computers and their workers."""

    def __init__(self, runs_folder, folder, monkeypatch):
        self.runs_folder, self.folder = runs_folder, folder
        self.mirror = Mirror(runs_folder, runs_folder / "data")
        self.mirror.start()
        self.shepherds = {}
        self.workers = FakeWorkers(self.work)
        self.go = threading.Event()  # the workers train on to their end
        monkeypatch.setattr(tended, "launch", self.workers)

    def work(self, run, write):
        """Until someone asks for an end, or they may go on."""
        write("started", of=run.folder.parent.parent.name)
        while not self.go.wait(0.01):
            if run.learning_rate_request.exists():
                write("learning_rate", learning_rate=float(run.learning_rate_request.read_text()))
                run.learning_rate_request.unlink()
            for request, end in ((run.stop_request, "stopped"), (run.pause_request, "paused")):
                if request.exists():
                    run.last.write_bytes(b"so far")
                    write(end, message=f"It has {end}.")
                    return
            if not run.folder.exists():
                return
        run.best.write_bytes(b"network")
        write("finished", message="Trained.")

    def computer(self, name, away=False):
        self.shepherds[name] = shepherd_of(self.mirror, self.folder, name)
        self.link(name).away = away
        self.shepherds[name].start()
        return self.shepherds[name]

    def restart(self, name):
        """Its shepherd is killed and begins anew."""
        self.stop(name)
        return self.computer(name)

    def stop(self, name):
        self.link(name).close()
        self.shepherds.pop(name).stop()

    def link(self, name):
        return self.shepherds[name]._link

    def create(self, **settings):
        return create_run(quick_config(**settings), self.runs_folder, sync=False)

    def there(self, run, name="lab-1"):
        return Run(self.folder / name / "runs" / run.id)

    def is_training(self, run, name="lab-1"):
        return run.status().name == "running" and self.there(run, name).worker_is_alive()

    def end(self):
        self.go.set()
        for name in list(self.shepherds):
            self.stop(name)
        self.mirror.stop()
        for thread in self.workers.threads:
            thread.join()


@pytest.fixture
def room(runs_folder, tmp_path, monkeypatch):
    room = Room(runs_folder, tmp_path, monkeypatch)
    yield room
    room.end()


def is_settled(run):
    return placement_of(run.folder).settled


def kinds(run):
    return [event["event"] for event in run.events()[0]]


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
    time.sleep(0.3)
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


def test_a_desk_that_is_away_is_caught_up_with(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    room.link("lab-1").away = True
    room.go.set()
    wait_until(lambda: not room.there(run).worker_is_alive())
    assert "finished" not in kinds(run)
    room.restart("lab-1")
    wait_until(lambda: is_settled(run))
    assert run.event_log.read_bytes() == room.there(run).event_log.read_bytes() and run.best.exists()


def test_a_desk_that_was_killed_and_begins_anew_goes_on(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    room.link("lab-1").away = True
    room.mirror.stop()
    assert run.status().name == "interrupted"
    room.mirror = Mirror(room.runs_folder, room.runs_folder)
    room.mirror.start()
    assert run.status().name == "running"
    room.link("lab-1").mirror = room.mirror
    room.link("lab-1").away = False
    room.go.set()
    wait_until(lambda: is_settled(run))
    assert kinds(run) == ["started", "finished"] and len(room.workers.launched) == 1


def test_a_shepherd_that_was_killed_finds_its_runs_again_and_starts_none_twice(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    lab = room.restart("lab-1")
    assert lab.facts()["runs"] == [run.id]
    time.sleep(0.2)
    assert room.is_training(run)
    run.request_stop()
    wait_until(lambda: is_settled(run))
    room.restart("lab-1")
    time.sleep(0.2)
    assert len(room.workers.launched) == 1 and run.status().name == "stopped"


def test_a_shepherd_that_was_killed_between_the_start_and_its_note_starts_none_twice(room):
    room.computer("lab-1")
    run = room.create()
    generation = place(run, "lab-1").generation
    wait_until(lambda: room.is_training(run))
    room.stop("lab-1")
    keep_note(room.there(run).folder, Tended(generation))
    room.computer("lab-1", away=True)
    wait_until(lambda: tended_in(room.there(run).folder).launched)
    room.link("lab-1").away = False
    wait_until(lambda: run.status().name == "running")
    assert len(room.workers.launched) == 1 and room.is_training(run)


def lose(run, monkeypatch):
    """The desk does not hear of a computer for long."""
    monkeypatch.setattr(mirror, "LOST_SECONDS", 0.3)
    wait_until(lambda: placement_of(run.folder).lost and not run.worker_is_alive())


def test_who_lost_a_run_to_another_stops_and_keeps_what_it_had(room, monkeypatch):
    room.computer("lab-1")
    room.computer("lab-2")
    run = room.create()
    old = place(run, "lab-1").generation
    wait_until(lambda: room.is_training(run))
    room.link("lab-1").away = True
    lose(run, monkeypatch)
    assert run.status().name == "interrupted"
    monkeypatch.setattr(mirror, "LOST_SECONDS", 10.0)
    place(run, "lab-2")
    wait_until(lambda: room.is_training(run, "lab-2"))
    assert room.there(run).worker_is_alive(), "nobody could tell it"
    begun = time.monotonic()
    room.link("lab-1").away = False
    copy = room.there(run).folder.with_name(f"{run.id}.lost-{old}")
    wait_until(copy.is_dir)
    assert time.monotonic() - begun < 5
    assert not room.there(run).folder.exists() and kinds(Run(copy)) == ["started", "stopped"]
    wait_until(lambda: room.shepherds["lab-1"].facts()["runs"] == [])
    room.go.set()
    wait_until(lambda: is_settled(run))
    assert [event.get("of") for event in run.events()[0]] == ["lab-1", None, "lab-2", None]
    room.restart("lab-1")
    assert room.shepherds["lab-1"].facts()["runs"] == []


def test_who_was_dead_while_it_lost_a_run_hears_of_it_when_it_is_back(room, monkeypatch):
    room.computer("lab-1")
    run = room.create()
    old = place(run, "lab-1").generation
    wait_until(lambda: room.is_training(run))
    room.stop("lab-1")
    assert room.there(run).worker_is_alive()
    with locked(room.runs_folder):
        hand_over(run.folder, "")
    room.computer("lab-1")
    wait_until(lambda: room.there(run).folder.with_name(f"{run.id}.lost-{old}").is_dir())
    assert not any(thread.is_alive() for thread in room.workers.threads)


def test_a_run_is_not_done_with_because_it_was_in_an_earlier_generation(tmp_path):
    run = Run(tmp_path / "runs" / "a-run")
    run.folder.mkdir(parents=True)
    keep_note(run.folder, Tended(4, launched=True, settled=True))
    assert TendedRun(run, tmp_path, None, 4).is_settled and not TendedRun(run, tmp_path, None, 5).is_settled
    lab = shepherd.Shepherd(run.folder.parent, tmp_path, None)
    assert lab._was_done(run.id, 4) and not lab._was_done(run.id, 5)


def test_a_run_that_comes_back_to_who_lost_it_is_taken_from_the_desk(room, monkeypatch):
    """Its own folder there has lines that nobody else knows: others trained on in between."""
    room.computer("lab-1")
    run = room.create()
    old = place(run, "lab-1").generation
    wait_until(lambda: room.is_training(run))
    room.link("lab-1").away = True
    wait_until(lambda: room.mirror.answer("lab-1", "orders", {"known": {}}))
    with locked(room.runs_folder):
        hand_over(run.folder, "")
    wait_until(lambda: not run.worker_is_alive())
    with run.event_log.open("ab") as file:  # it was trained here for a while
        file.write(b'{"event":"paused","time":2.0,"message":"Paused here."}\n')
    monkeypatch.setattr(tended, "launch", room.workers)
    place(run, "lab-1")
    room.link("lab-1").away = False
    wait_until(lambda: (room.there(run).folder.with_name(f"{run.id}.lost-{old}")).is_dir())
    wait_until(lambda: tended_in(room.there(run).folder).generation > old)


def test_a_deleted_run_ends_there_and_a_restored_one_stays_ended(room, monkeypatch):
    from core.runs.trash import restore_run

    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    room.link("lab-1").away = True
    lose(run, monkeypatch)
    delete_run(run)
    restored = restore_run(run.id, room.runs_folder)
    room.link("lab-1").away = False
    wait_until(lambda: not room.there(run).worker_is_alive() and not room.there(run).folder.exists())
    time.sleep(0.3)
    assert (
        len(room.workers.launched) == 1 and restored.status().name == "interrupted" and not restored.worker_is_alive()
    )


def test_a_run_that_had_begun_where_nothing_is_left_of_it_is_not_begun_again(room):
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    room.stop("lab-1")
    folder = room.there(run).folder
    folder.rename(folder.with_name("gone"))
    wait_until(lambda: not any(thread.is_alive() for thread in room.workers.threads))
    room.computer("lab-1")
    wait_until(lambda: is_settled(run))
    assert run.status().name == "interrupted" and kinds(run) == ["started"] and len(room.workers.launched) == 1


def test_what_a_computer_does_not_need_any_more_is_removed_when_the_desk_has_said_what_it_wants(room):
    old = room.folder / "lab-1" / "runs" / "of last year"
    old.mkdir(parents=True)
    keep_note(old, Tended(3, launched=True, settled=True))
    os.utime(old / "tended.json", (1, 1))
    room.computer("lab-1", away=True)
    time.sleep(0.2)
    assert old.exists()
    room.link("lab-1").away = False
    wait_until(lambda: not old.exists())


def test_a_copy_of_what_was_lost_is_no_run_of_that_generation_any_more(tmp_path):
    run = Run(tmp_path / "a-run")
    run.folder.mkdir()
    first = beginning.set_aside(run, 3)
    run.folder.mkdir()
    second = beginning.set_aside(run, 3)
    assert (first.name, second.name) == ("a-run.lost-3", "a-run.lost-3-2") and beginning.set_aside(run, 3) is None
    assert beginning.was_set_aside(run, 3) and beginning.was_set_aside(run, 2) and not beginning.was_set_aside(run, 4)
    assert tended_in(first).settled


def a_process_that_does_not_listen(run):
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom filelock import FileLock\n"
            "with FileLock(sys.argv[1]):\n    print(flush=True)\n    time.sleep(600)",
            str(run.worker_lock),
        ],
        stdout=subprocess.PIPE,
    )
    child.stdout.readline()
    run.worker_pid.touch()
    name_process(run.worker_pid, child.pid)
    return child


def test_a_worker_that_does_not_follow_a_stop_is_ended_and_the_run_is_stopped(room, monkeypatch):
    monkeypatch.setattr(tended, "STOP_SECONDS", 0.5)
    children = []

    def launch(run, _):
        run.event_log.write_bytes(b'{"event":"started","time":1.0}\n')
        children.append(a_process_that_does_not_listen(run))

    monkeypatch.setattr(tended, "launch", launch)
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    run.request_stop()
    wait_until(lambda: is_settled(run))
    children[0].wait(20)
    assert run.status().name == "stopped"
    assert_one_sentence(run.status().reason, "its process did not follow and was ended")


def test_a_worker_that_is_dropped_and_does_not_listen_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(local_worker, "STOP_SECONDS", 0.3)
    run = Run(tmp_path)
    child = a_process_that_does_not_listen(run)
    local_worker.stop_worker(run)
    assert child.wait(20) and not run.worker_is_alive()


def test_a_worker_that_was_killed_is_interrupted_here_within_seconds_and_is_not_started_again(room, monkeypatch):
    children = []

    def launch(run, _):
        run.event_log.write_bytes(b'{"event":"started","time":1.0}\n')
        run.last.write_bytes(b"so far")
        children.append(a_process_that_does_not_listen(run))

    monkeypatch.setattr(tended, "launch", launch)
    room.computer("lab-1")
    run = room.create()
    place(run, "lab-1")
    wait_until(lambda: room.is_training(run))
    begun = time.monotonic()
    psutil.Process(children[0].pid).kill()
    children[0].wait(20)
    wait_until(lambda: run.status().name == "interrupted")
    assert time.monotonic() - begun < 5
    wait_until(lambda: is_settled(run))
    assert run.last.read_bytes() == b"so far" and len(children) == 1


def test_a_disk_that_is_full_there_is_told_and_tried_again(room, monkeypatch):
    calls = []

    def full(path, data):
        calls.append(path)
        raise OSError(28, os.strerror(28), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(beginning, "write_atomically", full)
        lab = room.computer("lab-1")
        run = room.create()
        place(run, "lab-1")
        wait_until(lambda: len(calls) > 1 and lab.facts()["problem"])
        assert_one_sentence(lab.facts()["problem"], "No space left", "free some space there")
    wait_until(lambda: room.is_training(run))
    wait_until(lambda: not lab.facts()["problem"])


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
