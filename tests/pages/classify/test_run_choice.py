"""Which network Classify begins with: a good one, never one that happens to be the newest."""

import pytest

from core.demo import TITLES
from core.runs.events import EventWriter
from core.runs.example import example
from core.runs.store import Run, create_run
from pages.components.classify import run_choice
from tests.helpers import quick_config
from tests.pages.apps import open_app
from tests.pages.fake_runs import running, write_epoch, write_start


def trained(runs_folder, accuracy, status="finished", **settings) -> Run:
    """A run of that validation and test accuracy that says it has a network."""
    run = create_run(quick_config(**settings), runs_folder)
    log = EventWriter(run.event_log)
    write_start(log, run, 1)
    write_epoch(log, 1, accuracy)
    log.write("test", images=360, confusion_matrix=[], **{"test/accuracy": accuracy, "test/loss": 0.1})
    log.write(status, message="Done.")
    log.close()
    run.best.write_bytes(b"not read")
    return run


def chosen(app=None) -> str:
    """The choice that is shown, and the id of the run that it means."""
    choice = (app or open_app("classify")).selectbox[0].value
    if choice.startswith(run_choice.BEST):
        return run_choice.best_so_far()[choice.removeprefix(run_choice.BEST)].id
    return choice


def test_the_best_so_far_of_what_was_trained_last_is_chosen_and_a_link_wins(runs_folder):
    best = trained(runs_folder, 0.97)
    poor = trained(runs_folder, 0.4)
    app = open_app("classify")
    box = app.selectbox[0]
    assert chosen(app) == best.id
    stopped = trained(runs_folder, 0.98, status="stopped")
    assert chosen(app.run()) == stopped.id, "the choice stands for whichever run is the best"
    assert box.options[0].startswith("Best so far: ")
    for asked in (poor, best):
        assert open_app("classify", run=asked.id).selectbox[0].value == asked.id, "who comes from a run wants that one"
    photos = trained(runs_folder, 0.6, dataset="cifar10", architecture="cifar_cnn")
    assert chosen() == photos.id, "another dataset"
    trained(runs_folder, 0.15, dataset="cifar10", architecture="cifar_cnn")
    assert chosen() == photos.id
    assert [each[: each.index(":")] for each in open_app("classify").selectbox[0].options[:2]] == [
        "Best so far of CIFAR-10",
        "Best so far of Tiny digits, 8 x 8",
    ]


def test_of_a_dataset_nothing_better_than_guessing_is_chosen(runs_folder):
    first = trained(runs_folder, 0.15, dataset="cifar10", architecture="cifar_cnn")
    assert open_app("classify").selectbox[0].value == first.id, "it is all there is, but nobody calls it the best"


def test_one_that_learns_still_is_the_best_so_far_as_soon_as_it_is(runs_folder):
    finished = trained(runs_folder, 0.93)
    learning = create_run(quick_config(), runs_folder)
    learning.best.write_bytes(b"not read")
    with running(learning, done=0) as log:
        write_epoch(log, 1, 0.5)
        assert chosen() == finished.id
        write_epoch(log, 2, 0.95)
        assert chosen() == learning.id


def test_an_unfinished_demo_is_not_chosen_before_a_finished_network(runs_folder, monkeypatch):
    finished = trained(runs_folder, 0.5)
    demos = [create_run(quick_config(title=f"Demo: {title}"), runs_folder) for title in TITLES]
    monkeypatch.setattr(run_choice, "made_by", lambda folder: demos)
    for each in demos:
        each.best.write_bytes(b"not read")
    with running(demos[0]), running(demos[1]):
        assert chosen() == finished.id, "poor, but it has learned to the end"
        monkeypatch.delenv("TRAINDESK_EXAMPLE")
        came_along = example()
        assert came_along and chosen() == came_along.id, "the example reads more"


@pytest.mark.parametrize("accuracy", [0.95, 0.3])
def test_the_one_run_there_is_answers(runs_folder, accuracy):
    only = trained(runs_folder, accuracy, status="stopped")
    assert chosen() == only.id


def test_a_run_whose_settings_are_damaged_is_the_best_of_nothing(runs_folder):
    trained(runs_folder, 0.99).config_file.write_text("null")
    fine = trained(runs_folder, 0.97)
    app = open_app("classify")
    assert chosen(app) == fine.id
    assert [option for option in app.selectbox[0].options if option.startswith("Best so far")] == [
        app.selectbox[0].options[0]
    ]
