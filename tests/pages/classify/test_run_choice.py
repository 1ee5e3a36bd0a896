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
    """A run of that test accuracy that says it has a network."""
    run = create_run(quick_config(**settings), runs_folder)
    log = EventWriter(run.event_log)
    write_start(log, run, 1)
    write_epoch(log, 1)
    log.write("test", images=360, confusion_matrix=[], **{"test/accuracy": accuracy, "test/loss": 0.1})
    log.write(status, message="Done.")
    log.close()
    run.best.write_bytes(b"not read")
    return run


def chosen() -> str:
    return open_app("classify").selectbox[0].value


def test_the_best_of_what_was_trained_last_is_chosen_and_a_link_wins(runs_folder):
    best = trained(runs_folder, 0.97)
    poor = trained(runs_folder, 0.4)
    trained(runs_folder, 0.93)
    stopped = trained(runs_folder, 0.99, status="stopped")
    assert chosen() == best.id
    for asked in (poor, stopped):
        assert open_app("classify", run=asked.id).selectbox[0].value == asked.id, "who comes from a run wants that one"
    photos = trained(runs_folder, 0.6, dataset="cifar10", architecture="cifar_cnn")
    assert chosen() == photos.id, "other classes than those of the digits"
    trained(runs_folder, 0.15, dataset="cifar10", architecture="cifar_cnn")
    assert chosen() == photos.id, "one that guesses is not worth it"


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
