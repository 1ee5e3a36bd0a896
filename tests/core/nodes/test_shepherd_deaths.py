"""What is killed, full or away, at the desk or beside it, is caught up with, and nothing is trained twice."""

import os
import subprocess
import sys

import psutil
import pytest

from core.machine.processes import name_process
from core.nodes import beginning, local_worker, mirror, tended
from core.nodes.mirror import Mirror
from core.nodes.tended_note import Tended, keep_note, tended_in
from core.runs.store import Run
from tests.core.nodes.joined import place
from tests.core.nodes.one_process import is_settled
from tests.core.running import kinds
from tests.helpers import PATIENCE, assert_one_sentence, wait_until

pytestmark = pytest.mark.usefixtures("desk_lives", "quick")


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
    room.until_tended()
    assert room.is_training(run)
    run.request_stop()
    wait_until(lambda: is_settled(run))
    room.restart("lab-1")
    room.until_heard()
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


@pytest.fixture
def deaf(room, monkeypatch):
    """A run that trains on a computer by processes that do not listen, and these, the first one alone if all goes well."""
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
    return run, children


def test_a_worker_that_does_not_follow_a_stop_is_ended_and_the_run_is_stopped(deaf, monkeypatch):
    monkeypatch.setattr(tended, "STOP_SECONDS", 0.5)
    run, children = deaf
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


def test_a_worker_that_was_killed_is_interrupted_here_at_its_computers_word_and_is_not_started_again(deaf, monkeypatch):
    monkeypatch.setattr(mirror, "LOST_SECONDS", 10 * PATIENCE)  # silence would not tell
    run, children = deaf
    psutil.Process(children[0].pid).kill()
    children[0].wait(20)
    wait_until(lambda: run.status().name == "interrupted")
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
