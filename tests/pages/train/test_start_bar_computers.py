"""On which computer a training is started: asked for only where one has joined."""

import pytest

from core.nodes.registry import remove_node
from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import read_queued_run
from core.runs.store import list_runs
from core.workers import dispatch
from pages.components.shell.computers import COMPUTER, places_for
from pages.components.train import start_bar
from pages.components.train.cost import Cost, cost_here
from pages.components.train.sweep_form import SETTINGS
from tests.computers import away, joined
from tests.pages.apps import open_app, press, run, widget, words
from tests.pages.fake_runs import fake_run


@pytest.fixture(autouse=True)
def a_place_here(monkeypatch):
    monkeypatch.setattr(dispatch, "cpu_runs", lambda runs_folder: 1)
    monkeypatch.setattr(dispatch, "gpus", lambda: ())


def chosen(app, computer):
    widget(app, COMPUTER).set_value(computer)
    return run(app)


def test_without_other_computers_nothing_is_asked(runs_folder):
    assert "Computer" not in [each.label for each in open_app("train").selectbox]


def test_a_training_is_started_on_the_computer_that_was_chosen(runs_folder, launched):
    joined(runs_folder, "lab-3")
    app = chosen(open_app("train"), "lab-3")
    press(app, "start")
    [started] = list_runs(runs_folder)
    assert placement_of(started.folder).computer == "lab-3" and not launched


def test_whichever_is_free_is_the_choice_at_first(runs_folder, launched):
    joined(runs_folder, "lab-3")
    app = open_app("train")
    assert widget(app, COMPUTER).value == ""
    press(app, "start")
    assert launched == [each.id for each in list_runs(runs_folder)]


def test_a_computer_that_is_away_is_waited_for(runs_folder, launched):
    away(runs_folder, "lab-3")
    app = open_app("train")
    assert "on lab-3 (not in touch)" in widget(app, COMPUTER).options
    press(chosen(app, "lab-3"), "start")
    [waits] = list_runs(runs_folder)
    assert read_queued_run(waits).computer == "lab-3" and waits.status().name == "queued" and not launched


def test_a_computer_that_was_removed_meanwhile_is_chosen_no_more(runs_folder):
    joined(runs_folder, "lab-3")
    joined(runs_folder, "lab-4")
    app = chosen(open_app("train"), "lab-3")
    remove_node(runs_folder, "lab-3")
    assert widget(run(app), COMPUTER).value == ""


def test_runs_of_a_sweep_go_where_there_is_room(runs_folder, launched):
    joined(runs_folder, "lab-3")
    app = open_app("train")
    app.session_state[SETTINGS] = ["optimizer.learning_rate"]
    app.session_state["sweep optimizer.learning_rate"] = "0.1, 0.01"
    app = run(app)
    assert "2 of them are trained at a time, on 2 computers" in words(app)
    press(app, "start")
    assert sorted(placement_of(each.folder).computer for each in list_runs(runs_folder)) == ["", "lab-3"]


def test_how_long_it_takes_there_follows_from_how_fast_it_is(runs_folder, monkeypatch):
    joined(runs_folder, "lab-3", speed=2.0)
    monkeypatch.setattr(start_bar, "cost_here", lambda config: Cost(60.0, 0, 1))
    app = open_app("train")
    assert "times as fast" not in words(app)
    assert "On lab-3 about 30 s: it is 2.0 times as fast" in words(chosen(app, "lab-3"))


def test_places_are_counted_with_their_speed(runs_folder):
    joined(runs_folder, "lab-3", speed=2.0, cpu_runs=2)
    config = fake_run(runs_folder, "queued").config()
    assert places_for(config) == {"": [1.0], "lab-3": [2.0, 2.0]}
    assert places_for(config, "here") == {"": [1.0]}


def test_a_run_of_another_computer_says_nothing_of_this_one(runs_folder):
    there = fake_run(runs_folder, "finished")
    write_placement(there.folder, Placement("lab-3", 1, settled=True))
    assert cost_here(there.config()) is None
    assert "3 places on 1 other computer" not in words(open_app("train"))
    joined(runs_folder, "lab-3", cpu_runs=3)
    assert "3 places on 1 other computer" in words(open_app("train"))
