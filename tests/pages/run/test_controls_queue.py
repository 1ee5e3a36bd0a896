"""A run that waits for its turn, by the buttons of its page."""

import pytest

from core.runs.queue import waiting
from tests.pages.apps import open_app, press, widget, words
from tests.pages.fake_runs import fake_run


@pytest.fixture
def full(monkeypatch):
    """No room for another training."""
    monkeypatch.setattr("core.workers.dispatch.cpu_runs", lambda runs_folder: 0)


def test_a_run_without_room_waits_and_never_says_that_it_started(runs_folder, launched, full, supervisors):
    paused = fake_run(runs_folder, "paused")
    app = press(open_app("run", run=paused.id), f"resume {paused.id}")
    assert not launched and paused.status().name == "queued"
    text = words(app)
    assert "queued" in text and "Waiting for its turn. It is the next one" in text
    assert "also if you close this page" in text
    assert "starting" not in text and "Going on" not in text
    assert {command[0] for command in supervisors} == {"core.workers.supervisor"}


def places(runs_folder):
    return [entry.run.id for entry in waiting(runs_folder)]


def test_a_run_that_waits_can_go_first_or_leave(runs_folder, full):
    first, second, third = (fake_run(runs_folder, "queued") for _ in range(3))
    app = open_app("run", run=third.id)
    assert "2 runs before it" in words(app)
    assert widget(app, f"down {third.id}").disabled and not widget(app, f"up {third.id}").disabled
    app = press(app, f"up {third.id}")
    assert places(runs_folder) == [first.id, third.id, second.id] and "1 run before it" in words(app)
    app = press(app, f"first {third.id}")
    assert places(runs_folder) == [third.id, first.id, second.id]
    assert widget(app, f"first {third.id}").disabled and widget(app, f"up {third.id}").disabled
    app = press(app, f"down {third.id}")
    assert places(runs_folder) == [first.id, third.id, second.id]
    app = press(app, f"withdraw {third.id}")
    assert places(runs_folder) == [first.id, second.id]
    assert "It has not been started." in words(app)


def test_a_run_that_left_the_queue_before_it_began_can_be_started(runs_folder, launched):
    run_ = fake_run(runs_folder, "queued")
    run_.queue_place.unlink()
    app = open_app("run", run=run_.id)
    assert widget(app, f"resume {run_.id}").label == "Start"
    press(app, f"resume {run_.id}")
    assert launched == [run_.id]


def test_a_full_disk_is_why_nothing_starts(runs_folder, full, monkeypatch):
    waits = fake_run(runs_folder, "queued")
    monkeypatch.setattr("pages.components.run.phases.disk_problem", lambda folder: "The disk has 10 MB left.")
    assert "nothing is started while the disk is full" in words(open_app("run", run=waits.id))
