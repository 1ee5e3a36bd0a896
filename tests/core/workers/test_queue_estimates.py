"""When runs that wait are expected to begin."""

import math

import pytest

from core.runs.events import EventWriter
from core.runs.queue import enqueue
from core.runs.store import create_run
from core.workers import dispatch as dispatching
from core.workers import queue_estimates as expecting
from core.workers.queue_estimates import Job, Seat, begin_times, estimated_waits, free_times
from core.workers.room import Wish
from tests.computers import joined
from tests.helpers import quick_config
from tests.pages.fake_runs import running, write_start


@pytest.mark.parametrize(
    ("active", "lengths", "places", "expected"),
    [
        ([], [5.0, 5.0], 1, [0, 5]),
        ([7.0], [5.0, 5.0, 5.0], 1, [7, 12, 17]),
        ([7.0, 2.0], [5.0, 1.0, 5.0], 2, [2, 7, 7]),
        ([7.0], [5.0, 5.0], 2, [0, 5]),
        ([9.0, 2.0, 4.0], [5.0, 1.0], 2, [4, 9]),  # three at work where two may begin: the first to end makes no room
        ([None], [5.0], 1, [None]),
        ([3.0], [None, 5.0], 1, [3, None]),
        ([], [], 1, []),
    ],
)
def test_places_become_free_one_after_the_other(active, lengths, places, expected):
    left = [math.inf if seconds is None else seconds for seconds in active]
    seats = [Seat("", free_in) for free_in in free_times(left, places)]
    jobs = [Job("", lambda computer, length=length: length) for length in lengths]
    waits = begin_times([f"run {number}" for number in range(len(lengths))], jobs, seats)
    assert [wait.seconds for wait in waits] == expected


def test_a_run_begins_where_it_ends_first_and_one_that_wants_a_computer_waits_for_it():
    def seconds_on(computer):
        return {"": 10.0, "fast": 4.0}[computer]

    jobs = [Job(wanted, seconds_on) for wanted in ("", "", "here", "", "gone", "")]
    waits = begin_times(list("abcdef"), jobs, [Seat("", 0.0), Seat("fast", 0.0)])
    assert [wait.seconds for wait in waits] == [0, 0, 10, 4, None, 8]


def test_a_run_sits_where_it_would_be_given_a_place():
    """On all seats of a GPU that it needs for itself, on one where it is small, on the CPU where it is wanted there."""
    seats = [Seat("", 0.0, "cuda:0"), Seat("", 6.0, "cuda:0"), Seat("", 1.0, "cpu"), Seat("far", 20.0)]

    def begins(*jobs):
        waits = begin_times(list(range(len(jobs))), jobs, seats)
        return [wait.seconds for wait in waits]

    whole, small, on_cpu = Wish("auto"), Wish("auto", 1, 5), Wish("cpu")
    assert begins(job(whole), job(whole)) == [6, 16]
    assert begins(job(small, sharing=2), job(small, sharing=2), job(small, sharing=2)) == [0, 6, 10]
    assert begins(job(on_cpu), job(on_cpu)) == [1, 11]
    assert begins(job(small._replace(prefers_cpu=True)), job(small._replace(prefers_cpu=True))) == [1, 6]
    assert begins(job(Wish("cuda:0")), job(whole, computer="far")) == [6, 20]


def job(wish, sharing=1, computer=""):
    return Job(computer, lambda _: 10.0, wish, sharing)


def test_the_places_are_those_of_the_dispatcher(runs_folder, monkeypatch):
    """A GPU that an active run has alone is free when it ends; the CPU's places are free meanwhile."""
    for module in (expecting, dispatching):
        monkeypatch.setattr(module, "gpus", lambda: ("cuda:0",))
        monkeypatch.setattr(module, "cpu_runs", lambda folder: 1)
    trained(runs_folder, 3.0)
    begun, *waits = (
        create_run(quick_config(epochs=10, training={"device": d}), runs_folder) for d in ("auto", "auto", "cpu")
    )
    for run in waits:
        enqueue(run)
    with running(begun, done=2):
        left = dict(zip(waits, (wait.seconds for wait in estimated_waits(runs_folder)), strict=True))
    assert left[waits[1]] == 0 and (left[waits[0]] is None or left[waits[0]] > 0)


def test_computers_that_joined_are_counted_at_their_own_speed(runs_folder, monkeypatch):
    joined(runs_folder, "fast", speed=2.0)
    trained(runs_folder, 10.0)
    waits = [create_run(quick_config(), runs_folder) for _ in range(4)]
    for run in waits:
        enqueue(run)
    monkeypatch.setattr(expecting, "slots_of_all", dispatching.slots_of_all)
    monkeypatch.setattr(dispatching, "slots", lambda *_: 1)
    assert [wait.seconds for wait in estimated_waits(runs_folder)] == [0, 0, 5, 10]


def trained(runs_folder, seconds, **settings):
    """A finished run whose epochs took so long."""
    run = create_run(quick_config(**settings), runs_folder)
    log = EventWriter(run.event_log)
    write_start(log, run, 2)
    for epoch in (1, 2):
        values = {"train/loss": 1.0, "train/accuracy": 0.5, "val/loss": 1.0, "val/accuracy": 0.5}
        log.write("epoch", epoch=epoch, step=20 * epoch, best=True, seconds=seconds, **values)
    log.write("finished", message="Done.")
    log.close()
    return run


@pytest.fixture(autouse=True)
def one_place(monkeypatch):
    monkeypatch.setattr(expecting, "slots_of_all", lambda runs_folder: {"": 1})


def test_a_run_takes_as_long_as_one_of_its_kind_took(runs_folder):
    trained(runs_folder, 60.0, batch_size=32)
    trained(runs_folder, 2.0, batch_size=64)
    waits = [create_run(quick_config(epochs=epochs), runs_folder) for epochs in (5, 1, 1)]
    for run in waits:
        enqueue(run)
    assert [(wait.run, wait.seconds) for wait in estimated_waits(runs_folder)] == list(
        zip(waits, [0, 10, 12], strict=True)
    )


@pytest.mark.parametrize("setting", [{"repeatable": True}, {"compile": True}, {"devices": 2}])
def test_how_a_run_computes_makes_it_another_kind(setting, runs_folder):
    trained(runs_folder, 2.0)
    waits = [create_run(quick_config(training=changes), runs_folder) for changes in (setting, {}, {})]
    for run in waits:
        enqueue(run)
    assert [wait.seconds for wait in estimated_waits(runs_folder)] == [0, None, None], "nothing is known of the first"
    for run in waits:
        run.queue_place.unlink()
    trained(runs_folder, 60.0, training=setting)
    for run in waits:
        enqueue(run)
    assert [wait.seconds for wait in estimated_waits(runs_folder)] == [0, 60, 62]


def test_a_run_that_was_begun_takes_what_is_left_of_it_at_its_own_pace(runs_folder):
    begun = trained(runs_folder, 3.0, epochs=10)  # 2 of 10 epochs are done
    enqueue(begun)
    last = create_run(quick_config(), runs_folder)
    enqueue(last)
    assert [wait.seconds for wait in estimated_waits(runs_folder)] == [0, 24]


def test_behind_a_run_that_has_no_pace_yet_nothing_is_known(runs_folder):
    active, waits = create_run(quick_config(), runs_folder), create_run(quick_config(), runs_folder)
    enqueue(waits)
    with running(active, done=0):
        assert [wait.seconds for wait in estimated_waits(runs_folder)] == [None]


def test_no_queue_no_expectations(runs_folder):
    trained(runs_folder, 2.0)
    assert estimated_waits(runs_folder) == []


def test_behind_a_run_that_goes_step_by_step_nothing_is_known(runs_folder):
    trained(runs_folder, 2.0)  # of the same kind
    active, waits = create_run(quick_config(), runs_folder), create_run(quick_config(), runs_folder)
    enqueue(waits)
    with running(active, done=1) as log:
        log.write("playback", step=20, epoch_seconds=0.0, by_step=True)
        assert [wait.seconds for wait in estimated_waits(runs_folder)] == [None]
