"""Runs on other computers, by the buttons of a run's page: lost, on their way, waiting for one."""

import pytest

from core.nodes.registry import remove_node, set_takes_no_runs
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import enqueue, read_queued_run
from core.runs.store import create_run
from core.workers import dispatch
from tests.computers import away, joined, lost_run
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.apps import open_app, press, run, sentence, widget, words
from tests.pages.fake_runs import fake_run, running

WHYS = [("away", "was heard of last"), ("closed", "takes no new runs"), ("gone", "was removed")]


def labels(app):
    """Of all buttons and choices of a page."""
    return [each.label for each in [*app.button, *app.selectbox]]


@pytest.fixture
def lost(runs_folder):
    away(runs_folder, "lab-3")
    return lost_run(runs_folder, "lab-3")


def test_a_lost_run_says_what_happened_and_can_be_resumed_here(lost, launched):
    app = open_app("run", run=lost.id)
    assert "Lost the computer lab-3" in words(app) and "Wait until lab-3 is back" in words(app)
    assert "on lab-3" in words(app)
    assert "Resume" not in labels(app) and "Resume elsewhere" not in labels(app)
    app = press(app, f"resume {lost.id}")
    assert launched == [lost.id] and lost.status().name == "starting"
    assert placement_of(lost.folder).computer == "" and placement_of(lost.folder).generation > 7
    assert "lab-3 has lost the run" in words(app) and "on lab-3" not in words(app)


def test_a_lost_run_can_be_resumed_elsewhere(lost, runs_folder, launched):
    joined(runs_folder, "lab-4")
    app = open_app("run", run=lost.id)
    widget(app, f"computer for {lost.id}").set_value("lab-4")
    app = press(run(app), f"resume on {lost.id}")
    assert placement_of(lost.folder).computer == "lab-4" and not launched
    assert "on lab-4" in words(app) and "waits for the computer lab-4" in words(app)


def test_whoever_waits_is_told_that_nothing_more_is_to_be_done(lost):
    before = placement_of(lost.folder)
    app = press(open_app("run", run=lost.id), f"wait {lost.id}")
    assert "as soon as lab-3 is heard of again, the run goes on by itself" in words(app)
    assert placement_of(lost.folder) == before


def test_nobody_waits_for_a_computer_that_was_taken_out(lost, runs_folder):
    remove_node(runs_folder, "lab-3")
    app = open_app("run", run=lost.id)
    assert "taken out" in words(app) and "is back" not in words(app)
    assert "Wait for it" not in labels(app) and "Resume here" in labels(app)


def test_a_run_that_ended_waits_for_its_files(runs_folder):
    joined(runs_folder, "lab-3")
    ended = fake_run(runs_folder, "paused")
    write_placement(ended.folder, Placement("lab-3", 7))
    app = open_app("run", run=ended.id)
    assert "on lab-3; its files are on their way" in words(app)
    assert not {"Resume", "Resume here"} & set(labels(app))
    write_placement(ended.folder, Placement("lab-3", 7, settled=True))
    assert "Resume" in labels(open_app("run", run=ended.id))


def test_a_run_goes_on_on_a_computer_of_choice(runs_folder, launched):
    joined(runs_folder, "lab-3")
    ended = fake_run(runs_folder, "paused")
    app = open_app("run", run=ended.id)
    widget(app, f"computer for {ended.id}").set_value("lab-3")
    press(run(app), f"resume on {ended.id}")
    assert placement_of(ended.folder).computer == "lab-3" and not launched


def test_a_device_that_is_not_there_is_one_sentence(runs_folder):
    joined(runs_folder, "lab-3")
    ended = fake_run(runs_folder, "paused")
    text = ended.config_file.read_text().replace('"device": "auto"', '"device": "cuda:3"')
    ended.config_file.write_text(text)
    app = open_app("run", run=ended.id)
    widget(app, f"computer for {ended.id}").set_value("lab-3")
    app = press(run(app), f"resume on {ended.id}")
    assert_one_sentence(sentence(app.error[0]), "'cuda:3' is not on lab-3")
    assert ended.status().name == "paused" and placement_of(ended.folder) == Placement()


def test_a_run_that_trains_elsewhere_has_the_buttons_of_any(runs_folder):
    joined(runs_folder, "lab-3")
    there = fake_run(runs_folder, "starting")
    write_placement(there.folder, Placement("lab-3", 7))
    with running(there):
        app = press(open_app("run", run=there.id), f"pause {there.id}")
        assert there.pause_request.exists()
        assert "on lab-3" in words(app) and "Uses now" not in words(app)


@pytest.mark.parametrize(
    ("why", "said"), [("away", "was heard of last"), ("closed", "takes no new runs"), ("gone", "was removed")]
)
def test_a_run_that_waits_for_a_computer_says_why_and_can_be_sent_elsewhere(runs_folder, monkeypatch, why, said):
    monkeypatch.setattr(dispatch, "dispatch", lambda *_: None)
    joined(runs_folder, "lab-4")
    if why != "gone":
        (away if why == "away" else joined)(runs_folder, "lab-3")
        set_takes_no_runs(runs_folder, "lab-3", why == "closed")
    waits = create_run(quick_config(), runs_folder)
    enqueue(waits, computer="lab-3")
    app = open_app("run", run=waits.id)
    assert "Waiting for lab-3, which " in words(app) and said in words(app) and "for lab-3" in words(app)
    assert "waits for lab-3, which" in words(open_app("runs"))
    widget(app, f"wish {waits.id}").set_value("lab-4")
    run(app)
    assert read_queued_run(waits).computer == "lab-4"
    assert widget(open_app("runs"), f"wish {waits.id}").value == "lab-4"


def test_where_no_computer_has_joined_nothing_is_said_of_others(runs_folder):
    waits, ended = create_run(quick_config(), runs_folder), fake_run(runs_folder, "paused")
    enqueue(waits)
    found = [*labels(open_app("run", run=ended.id)), *labels(open_app("runs"))]
    assert not {"Computer", "On another computer", "Resume on it"} & set(found)
