"""A warm worker waits where a person can start or resume a training."""

import pytest

from core.workers import launch
from pages.components.demo import demo_view
from pages.components.lessons import lesson_list, lesson_view
from pages.components.run import controls
from pages.components.shell import start
from pages.components.train import start_bar
from tests.pages.apps import PAGES, open_app
from tests.pages.fake_runs import fake_run, running


@pytest.fixture
def asked(monkeypatch):
    calls = []
    for module in (start, start_bar, controls, demo_view, lesson_list, lesson_view):
        monkeypatch.setattr(module, "prepare", lambda: calls.append("prepare"))
    return calls


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in ("system", "experiment", "glossary", "data", "game")]
)
def test_pages_with_a_start_ask_for_it(page, runs_folder, asked):
    open_app(page)
    assert len(asked) == (2 if page == "" else 1)  # once for each button that starts something


def test_a_lesson_asks_for_it(runs_folder, asked):
    open_app("lessons", lesson="by_heart")
    assert asked == ["prepare"]


@pytest.mark.parametrize(
    ("status", "times"), [("paused", 1), ("finished", 1), ("failed", 1), ("starting", 0), ("damaged", 0)]
)
def test_a_run_that_can_go_on_asks_for_it(status, times, runs_folder, asked):
    open_app("run", run=fake_run(runs_folder, status).id)
    assert len(asked) == times


def test_a_run_in_training_is_left_alone(runs_folder, asked):
    run = fake_run(runs_folder, "starting")
    with running(run):
        open_app("run", run=run.id)
    assert not asked


def test_a_worker_is_on_its_way_after_a_look_at_the_form(runs_folder, monkeypatch):
    monkeypatch.delenv("TRAINDESK_STANDBY")
    monkeypatch.setattr(launch, "_start_standby", lambda: None)
    try:
        open_app("train")
        assert launch._timer is not None
    finally:
        launch.end_standby()


def test_none_where_waiting_workers_are_switched_off(runs_folder):
    open_app("train")
    open_app()
    assert launch._timer is None and launch._standby is None
