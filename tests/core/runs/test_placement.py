"""Whose a run is: what the file says, whatever stands in it, and the sentences that come of it."""

import os
import time

import pytest
import torch
from filelock import FileLock

from core.errors import TrainDeskError
from core.runs.disk import forget_last
from core.runs.events import EventWriter
from core.runs.placement import DESK_LOCK, Placement, hand_over, placement_of, write_placement
from core.runs.store import create_run
from core.runs.trash import delete_run, restore_run
from tests.computers import joined, lost_run
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.fake_runs import fake_run, running

MORNING = time.mktime((2031, 3, 12, 10, 42, 0, 0, 0, -1))


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


def test_a_run_without_the_file_is_at_home(run):
    assert placement_of(run.folder) == Placement() and not placement_of(run.folder).is_elsewhere


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"computer": 3, "generation": -1, "since": 1e300}',
        b'{"computer": "' + b"a" * 100 + b'"}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_at_home(run, damage):
    (run.folder / "placement.json").write_bytes(damage)
    assert placement_of(run.folder) == Placement()
    assert run.status().name == "stopped"


def test_a_lost_run_with_times_that_are_none_has_a_sentence(runs_folder):
    run = lost_run(runs_folder)
    (run.folder / "placement.json").write_text('{"computer": "lab-3", "lost": 1e999, "since": -5}')
    lock = runs_folder / DESK_LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        assert_one_sentence(run.status().reason, "Its process on the computer lab-3")


def test_a_run_trains_on_elsewhere_while_what_is_in_touch_with_it_is_started_anew(runs_folder):
    run = lost_run(runs_folder)
    write_placement(run.folder, Placement("lab-3", 1))
    assert run.status().name == "interrupted", "nothing was heard of it for long"
    joined(runs_folder, "lab-3")
    assert run.status().name == "running"
    assert_one_sentence(run.status().reason, "trains on there")
    lock = runs_folder / DESK_LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        assert run.status().name == "interrupted"


def test_what_was_written_a_moment_ago_is_read(run):
    for generation in range(5):
        write_placement(run.folder, Placement("lab-3", generation))
        assert placement_of(run.folder).generation == generation


def test_each_hand_over_shuts_out_the_owner_before(run):
    hand_over(run.folder, "")
    assert not (run.folder / "placement.json").exists()  # it never left
    seen = []
    for computer in ("lab-3", "lab-3", "", "lab-4"):
        hand_over(run.folder, computer)
        seen.append(placement_of(run.folder))
    assert [each.computer for each in seen] == ["lab-3", "lab-3", "", "lab-4"]
    assert len({each.generation for each in seen}) == 4 and seen == sorted(seen, key=lambda each: each.generation)


def test_no_generation_comes_twice_though_the_file_was_damaged(run):
    hand_over(run.folder, "lab-3")
    before = placement_of(run.folder).generation
    (run.folder / "placement.json").write_bytes(b"")
    write_placement(run.folder, Placement("lab-3", before - 5))
    hand_over(run.folder, "")
    assert placement_of(run.folder).generation >= before


def test_a_lost_run_says_which_computer_when_and_what_is_here(runs_folder, monkeypatch):
    run = lost_run(runs_folder, lost=MORNING)
    assert_one_sentence(
        run.status().reason, "Lost the computer lab-3 on 12 Mar 2031 at 10:42; no checkpoint of it is here yet."
    )
    torch.save({"config": {"epochs": 9}, "epoch": 7, "step": 40}, run.last)
    monkeypatch.setattr(time, "localtime", lambda *_, local=time.localtime: local(MORNING))
    assert run.status().name == "interrupted"
    assert_one_sentence(run.status().reason, "Lost the computer lab-3 at 10:42; epoch 7 is here.")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn"])
def test_a_checkpoint_that_says_nothing_is_not_counted(runs_folder, content):
    run = lost_run(runs_folder)
    run.last.write_bytes(content)
    assert_one_sentence(run.status().reason, "no checkpoint of it is here yet")


def test_a_lost_run_of_which_no_word_came_says_so_too(run):
    write_placement(run.folder, Placement("lab-3", 1, lost=time.time()))
    assert run.status().name == "interrupted"
    assert_one_sentence(run.status().reason, "Lost the computer lab-3")


def test_a_run_on_its_way_says_to_which_computer(run):
    write_placement(run.folder, Placement("lab-3", 1))
    run.starting_mark.touch()
    assert run.status().name == "starting"
    assert_one_sentence(run.status().reason, "waits for the computer lab-3")
    with FileLock(run.worker_lock):
        assert_one_sentence(run.status().reason, "lab-3 gets what it lacks")
        run.starting_mark.unlink()
        assert run.status().name == "starting"
        EventWriter(run.event_log).write("started")
        assert run.status().name == "running" and not run.status().reason


def test_an_end_that_was_told_stands_while_its_files_are_on_their_way(runs_folder):
    run = fake_run(runs_folder, "paused")
    write_placement(run.folder, Placement("lab-3", 1))
    with FileLock(run.worker_lock):
        assert run.status().name == "paused"
        run.best.touch()
        with pytest.raises(TrainDeskError) as caught:
            forget_last(run)
    assert_one_sentence(str(caught.value), "on lab-3")


def test_a_lost_run_can_be_deleted_and_its_computer_has_lost_it(runs_folder):
    run = lost_run(runs_folder)
    delete_run(run)
    assert not run.folder.exists()
    back = restore_run(run.id, runs_folder)
    assert placement_of(back.folder).computer == "" and placement_of(back.folder).generation > 7
    assert back.status().name == "interrupted" and "lab-3" not in back.status().reason


def test_a_run_that_trains_elsewhere_is_not_deleted(runs_folder):
    run = create_run(quick_config(), runs_folder)
    write_placement(run.folder, Placement("lab-3", 1))
    with running(run), pytest.raises(TrainDeskError) as caught:
        delete_run(run)
    assert_one_sentence(str(caught.value), "is being trained")


def test_a_lost_run_is_looked_at_fast(runs_folder):
    run = lost_run(runs_folder)
    torch.save({"epoch": 7, "model": {str(each): torch.zeros(3) for each in range(500)}}, run.last)
    run.status()
    os.utime(run.folder / "placement.json", (1, 1))
    began = time.process_time()
    for _ in range(100):
        run.status()
    assert time.process_time() - began < 0.5
