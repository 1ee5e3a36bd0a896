"""The status of a run, derived from its log and its worker's lock in every state."""

import os
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from core.runs import store
from core.runs.events import EventWriter
from core.runs.store import ACTIVE, create_run
from tests.helpers import assert_one_sentence, quick_config, wait_until

HOLDER = """
import sys
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


@pytest.fixture
def holder(run):
    """Another process that holds the worker's lock, as a worker does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.worker_lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def log(run, *kinds, **values):
    writer = EventWriter(run.event_log)
    for kind in kinds:
        writer.write(kind, **values)
    writer.close()


def test_a_new_run_has_not_been_started(run):
    assert run.status().name == "stopped" and not run.status().will_change
    assert_one_sentence(run.status().reason, "not been started")


def test_a_run_whose_worker_is_on_its_way_is_starting(run):
    run.starting_mark.touch()
    assert run.status().name == "starting" and run.status().is_active


def test_a_run_whose_worker_died_before_it_could_begin_is_interrupted(run):
    run.worker_log.write_text("Traceback ...")
    status = run.status()
    assert status.name == "interrupted" and not status.is_active
    assert_one_sentence(status.reason, "before it could begin", "log")


def test_a_worker_on_its_way_is_believed_in_for_half_a_minute_whatever_the_clock_does(run):
    run.starting_mark.touch()
    for jump, name in ((-10, "starting"), (10, "starting"), (-40, "interrupted"), (40, "interrupted")):
        moment = time.time() + jump
        os.utime(run.starting_mark, (moment, moment))
        assert run.status().name == name, jump


@pytest.mark.parametrize("ends", [[], ["started", "paused"], ["started", "finished"], ["started"]])
def test_a_place_in_the_queue_counts_until_a_worker_has_the_run(ends, run):
    log(run, *ends, message="It ended.")
    run.queue_place.touch()
    assert run.status().name == "queued" and run.status().will_change
    run.starting_mark.touch()
    assert run.status().name == "starting"
    run.starting_mark.unlink()
    with FileLock(run.worker_lock, thread_local=False):
        assert run.status().name != "queued"
    assert run.status().name == "queued", "its worker died before it said a word: it waits for the next"


def test_a_worker_that_has_said_nothing_yet_is_starting(run, holder):
    old = time.time() - 1000
    os.utime(run.config_file, (old, old))
    assert run.status().name == "starting"


def test_a_worker_that_downloads_is_starting(run, holder):
    log(run, "download", done_bytes=1, total_bytes=2)
    assert run.status().name == "starting"


@pytest.mark.parametrize("kinds", [("started",), ("started", "step"), ("started", "epoch", "test")])
def test_a_worker_that_trains_is_running(kinds, run, holder):
    log(run, *kinds)
    assert run.status().name == "running" and run.status().is_active
    assert run.worker_is_alive()


@pytest.mark.parametrize("end", ["paused", "finished", "stopped", "failed"])
def test_a_run_that_ended_says_how_and_why(end, run):
    log(run, "started", "step")
    log(run, end, message="Because of this.")
    assert (run.status().name, run.status().reason) == (end, "Because of this.")
    assert not run.status().is_active


def test_an_end_counts_although_the_worker_still_closes_its_files(run, holder):
    log(run, "started", "finished", message="Done.")
    assert run.status().name == "finished"


@pytest.mark.parametrize("kinds", [("started",), ("started", "step"), ("download",)])
def test_a_worker_killed_without_a_word_is_interrupted_at_once(kinds, run, holder):
    log(run, *kinds)
    assert run.status().is_active
    holder.kill()
    begin = time.monotonic()
    wait_until(lambda: run.status().name == "interrupted")
    assert time.monotonic() - begin < 3
    assert "killed" in run.status().reason


def test_a_worker_killed_in_the_middle_of_a_line_is_interrupted(run):
    log(run, "started")
    with run.event_log.open("ab") as file:
        file.write(b'{"event":"fini')
    run.worker_lock.touch()
    assert run.status().name == "interrupted"


def test_a_worker_killed_before_its_first_word_is_interrupted_without_waiting(run):
    run.worker_lock.touch()
    assert run.status().name == "interrupted"


def test_that_it_was_killed_is_known_where_a_free_lock_is_removed_by_whoever_looks(run):
    """As on Windows."""
    run.worker_pid.touch()
    assert run.status().name == "interrupted"


def test_looking_does_not_keep_a_worker_from_starting(run):
    run.worker_lock.touch()
    for _ in range(50):
        assert not run.worker_is_alive()
    with FileLock(run.worker_lock, timeout=0):
        assert run.worker_is_alive()
    assert not run.worker_is_alive()


def test_a_run_that_ends_between_two_looks_is_not_called_interrupted(run, monkeypatch):
    log(run, "started")
    run.worker_lock.touch()

    def ends_now(self):
        log(run, "finished", message="Done.")
        return False

    monkeypatch.setattr(store.Run, "worker_is_alive", ends_now)
    assert run.status().name == "finished"


def test_a_damaged_config_does_not_hide_the_status(run):
    log(run, "started", "finished", message="Done.")
    run.config_file.write_text("{")
    assert run.status().name == "finished"


def test_looking_at_a_run_writes_nothing_new(run):
    before = sorted(path.name for path in run.folder.iterdir())
    run.status()
    assert sorted(path.name for path in run.folder.iterdir()) == before


@pytest.mark.parametrize("kind", ["notice", "learning_rate", "resumed"])
def test_a_worker_that_says_something_while_it_trains_is_running(kind, run, holder):
    log(run, "started", "step", kind)
    assert run.status().name == "running"


@pytest.mark.parametrize("kind", ["resuming", "preparing", "download"])
def test_a_worker_that_gets_ready_to_go_on_is_starting(kind, run, holder):
    log(run, "started", "step", "paused", "resuming", kind)
    assert run.status().name == "starting"


ENDED = ["paused", "stopped", "failed", "interrupted", "finished"]


@pytest.mark.parametrize("end", ENDED)
def test_a_run_asked_to_go_on_is_starting_until_its_worker_has_said_so(end, run):
    log(run, "started", "step", *([] if end == "interrupted" else [end]), message="It ended.")
    run.worker_lock.touch()
    assert run.status().name == end
    run.starting_mark.touch()
    assert run.status().name == "starting" and run.status().is_active
    lock = FileLock(run.worker_lock, thread_local=False)
    with lock:
        assert run.status().name == "starting", "its worker is there and has said nothing yet"
        log(run, "resuming")
        assert run.status().name == "starting"
        run.starting_mark.unlink()
        assert run.status().name == "starting"
        log(run, "resumed")
        assert run.status().name == "running"
    assert run.status().name == "interrupted", "it died"


@pytest.mark.parametrize("end", ENDED)
def test_a_request_that_nobody_followed_is_forgotten(end, run):
    log(run, "started", "step", *([] if end == "interrupted" else [end]), message="It ended.")
    run.worker_lock.touch()
    run.starting_mark.touch()
    old = time.time() - store.START_SECONDS - 1
    os.utime(run.starting_mark, (old, old))
    assert run.status().name == end


def test_a_run_that_goes_on_never_shows_its_old_end_in_between(run, monkeypatch):
    """Its worker speaks up and removes the request between two looks of a page at the folder."""
    log(run, "started", "paused", message="Paused.")
    run.starting_mark.touch()
    read = store.last_event

    def then_the_worker_comes(path):
        found = read(path)
        if run.starting_mark.exists():
            log(run, "resuming")
            run.starting_mark.unlink()
        return found

    monkeypatch.setattr(store, "last_event", then_the_worker_comes)
    with FileLock(run.worker_lock, thread_local=False):
        assert [run.status().name for _ in range(3)] == ["starting"] * 3


def test_a_finished_run_is_never_active_while_its_worker_closes(run, holder):
    log(run, "started", "resuming", "resumed", "step", "test", "finished", message="Done.")
    assert run.status().name == "finished"
    holder.kill()
    wait_until(lambda: not run.worker_is_alive())
    assert run.status().name == "finished"


def test_active_states_are_states():
    assert set(ACTIVE) == {"starting", "running"}
