"""The queue: order, fairness, moving, leaving; and what a damaged place does to it."""

import json
import os
import time

import pytest

from core.errors import TrainDeskError
from core.runs.metadata import change_metadata
from core.runs.queue import enqueue, enqueue_all, move, read_queued_run, waiting, withdraw
from core.runs.store import Run, create_run
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.fake_runs import fake_run, running


@pytest.fixture
def make(runs_folder):
    """Queues runs with these owners and gives them."""

    def queued(*owners):
        runs = []
        for owner in owners:
            runs.append(create_run(quick_config(), runs_folder))
            enqueue(runs[-1], owner)
        return runs

    return queued


def order(runs_folder, runs):
    """The queue as places in `runs`."""
    return [runs.index(entry.run) for entry in waiting(runs_folder)]


def test_a_run_that_waits_says_so(make):
    (run,) = make("")
    assert run.status().name == "queued"
    assert run.status().will_change and not run.status().is_active


def test_runs_of_one_person_come_in_the_order_in_which_they_were_queued(make, runs_folder):
    runs = make("ann", "ann", "ann", "ann")
    assert order(runs_folder, runs) == [0, 1, 2, 3]


def test_everyones_first_run_comes_before_anyones_second(make, runs_folder):
    runs = make("ann", "ann", "ann", "bob", "bob", "cem")
    assert order(runs_folder, runs) == [0, 3, 5, 1, 4, 2]


def test_a_run_that_trains_counts_as_its_owners_first(make, runs_folder):
    trained = fake_run(runs_folder, "starting")
    trained.starting_mark.unlink()
    change_metadata(trained, owner="ann")
    with running(trained):
        runs = make("ann", "bob", "bob")
        assert order(runs_folder, runs) == [1, 0, 2]


@pytest.mark.parametrize(
    ("where", "moved", "expected"),
    [
        ("up", 2, [0, 2, 1, 3]),
        ("up", 0, [0, 1, 2, 3]),
        ("down", 1, [0, 2, 1, 3]),
        ("down", 3, [0, 1, 2, 3]),
        ("first", 3, [3, 0, 1, 2]),
        ("first", 0, [0, 1, 2, 3]),
    ],
)
def test_a_run_moves_in_the_queue(where, moved, expected, make, runs_folder):
    runs = make("", "", "", "")
    move(runs[moved], where)
    assert order(runs_folder, runs) == expected


def test_moving_a_hundred_times_keeps_the_order_exact(make, runs_folder):
    runs = make("", "", "")
    for _ in range(100):  # ranks halve their distance each time
        move(runs[waiting_index(runs_folder, runs, 2)], "up")
    assert sorted(order(runs_folder, runs)) == [0, 1, 2]
    assert len({entry.rank for entry in waiting(runs_folder)}) == 3


def waiting_index(runs_folder, runs, place):
    return order(runs_folder, runs)[place]


def test_what_leaves_the_queue_is_not_started_and_says_so(make, runs_folder):
    first, second = make("", "")
    assert withdraw(first) is True and withdraw(first) is False
    assert [entry.run for entry in waiting(runs_folder)] == [second]
    assert first.status().name == "stopped"
    assert_one_sentence(first.status().reason, "not been started")


def test_a_run_that_was_begun_before_is_again_what_it_was_when_it_leaves_the_queue(runs_folder):
    paused = fake_run(runs_folder, "paused")
    before = paused.status()
    enqueue(paused)
    assert paused.status().name == "queued"
    withdraw(paused)
    assert paused.status() == before


def test_a_run_that_is_being_started_does_not_leave_any_more(make):
    (run,) = make("")
    run.starting_mark.touch()
    assert withdraw(run) is False
    assert run.queue_place.exists()


def test_moving_what_does_not_wait_is_one_sentence(runs_folder):
    with pytest.raises(TrainDeskError) as caught:
        move(fake_run(runs_folder, "finished"), "up")
    assert_one_sentence(str(caught.value), "does not wait")


def test_a_queued_run_remembers_who_asked_and_when(make):
    before = time.time()
    (run,) = make("ann")
    entry = read_queued_run(run)
    assert (entry.owner, entry.launches) == ("ann", 0)
    assert before <= entry.since <= time.time()


@pytest.mark.parametrize(
    "text", ["", "half {", "[]", '{"rank": "first"}', '{"rank": null, "owner": 5, "launches": "x"}']
)
def test_a_damaged_place_waits_at_the_end(text, make, runs_folder):
    runs = make("", "")
    runs[0].queue_place.write_text(text)
    assert order(runs_folder, runs) == [1, 0]
    assert read_queued_run(runs[0]).owner == ""


def test_a_rank_that_is_no_number_does_not_break_the_next_one(make, runs_folder):
    (run,) = make("")
    run.queue_place.write_text(json.dumps({"rank": 1e400}))  # infinite
    make("")
    assert len(waiting(runs_folder)) == 2


def test_no_folder_no_queue(tmp_path):
    assert waiting(tmp_path / "nothing") == []
    assert read_queued_run(Run(tmp_path / "nothing" / "run")) is None


@pytest.mark.parametrize(
    "there", [[], ["ann"] * 4, ["ann", "bob", "ann", "cem", "cem", "ann"], ["bob", "bob", "ann"], ["", ""]], ids=str
)
def test_many_runs_get_the_places_that_they_would_get_one_after_the_other(there, runs_folder, tmp_path):
    orders = []
    for folder in (runs_folder, tmp_path / "other"):
        for owner in there:
            enqueue(create_run(quick_config(title="old"), folder), owner)
        new = [create_run(quick_config(title=f"new {number}"), folder) for number in range(5)]
        if folder == runs_folder:
            enqueue_all(new, "bob")
        else:
            for run in new:
                enqueue(run, "bob")
        ranked = waiting(folder)
        orders.append([(entry.owner, entry.run.config().title) for entry in ranked])
        assert len({entry.rank for entry in ranked}) == len(ranked), "no two share a place"
    assert orders[0] == orders[1] and len(orders[0]) == len(there) + 5


def test_a_guest_may_have_so_many_waiting_and_with_more_nothing_is_queued(make, runs_folder):
    make("ann", "ann", "bob")
    new = [create_run(quick_config(), runs_folder) for _ in range(3)]
    with pytest.raises(TrainDeskError) as refusal:
        enqueue_all(new, "ann", most=4)
    assert_one_sentence(str(refusal.value), "You have 2 runs that wait and would add 3", "4 waiting", "start fewer")
    assert len(waiting(runs_folder)) == 3
    enqueue_all(new[:2], "ann", most=4)
    enqueue_all(new[2:], "bob", most=4)
    assert len(waiting(runs_folder)) == 6


def test_a_place_that_was_read_long_ago_is_read_again_when_it_changes(make, runs_folder):
    runs = make("ann", "ann")
    for run in runs:
        os.utime(run.queue_place, (1e9, 1e9))
    assert order(runs_folder, runs) == order(runs_folder, runs) == [0, 1]
    move(runs[1], "first")
    assert order(runs_folder, runs) == [1, 0]
    runs[1].queue_place.write_text('{"rank": 99}')
    assert order(runs_folder, runs) == [0, 1]
    runs[0].queue_place.unlink()
    assert order(runs_folder, runs) == [1]
