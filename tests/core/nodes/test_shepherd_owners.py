"""Runs that a computer loses: to another one, to an earlier life of its own, or because they were deleted."""

import os
import time

import pytest

from core.nodes import beginning, mirror, shepherd, tended
from core.nodes.tended import TendedRun
from core.nodes.tended_note import Tended, keep_note, tended_in
from core.runs.placement import hand_over, placement_of
from core.runs.queue import locked
from core.runs.store import Run
from core.runs.trash import delete_run
from tests.core.nodes.joined import place
from tests.core.nodes.one_process import is_settled
from tests.core.running import kinds
from tests.helpers import wait_until

pytestmark = pytest.mark.usefixtures("desk_lives", "quick")


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
    room.until_heard()
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
    wait_until(lambda: room.link("lab-1").tried > 1)
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
