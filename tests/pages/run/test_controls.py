"""Pause, stop and another learning rate while a run trains, by the buttons of its page."""

import pytest

from core.runs.events import EventWriter
from core.runs.store import Run
from pages.components.run import live_view
from tests.helpers import assert_one_sentence
from tests.pages.apps import open_app, press, run, sentence, widget, words
from tests.pages.fake_runs import fake_run, running


@pytest.fixture
def active(runs_folder):
    """A run in training."""
    trained = fake_run(runs_folder, "starting")
    with running(trained):
        yield trained


def test_a_running_run_can_be_paused(active):
    app = press(open_app("run", run=active.id), f"pause {active.id}")
    assert active.pause_request.exists() and not active.stop_request.exists()
    button = widget(app, f"pause {active.id}")
    assert (button.label, button.disabled) == ("Pausing ...", True)
    assert not widget(app, f"stop {active.id}").disabled
    assert "Resume will go on from there" in words(app)


def test_a_running_run_can_be_stopped(active):
    app = press(open_app("run", run=active.id), f"stop {active.id}")
    assert active.stop_request.exists() and not active.pause_request.exists()
    assert widget(app, f"stop {active.id}").label == "Stopping ..."
    assert widget(app, f"pause {active.id}").disabled


def test_a_request_that_cannot_be_left_is_one_sentence_beside_the_button(active, monkeypatch):
    def refuse(run):
        raise PermissionError(13, "Permission denied", str(run.pause_request))

    monkeypatch.setattr(Run, "request_pause", refuse)
    app = press(open_app("run", run=active.id), f"pause {active.id}")
    assert_one_sentence(sentence(app.error[0]), "Permission denied", str(active.folder))


@pytest.mark.parametrize(("typed", "asked"), [("0.0005", 0.0005), ("0,01", 0.01), ("1e-5", 1e-05)])
def test_another_learning_rate_is_asked_for(typed, asked, active):
    app = open_app("run", run=active.id)
    field = widget(app, f"new learning rate {active.id}")
    assert field.value == str(active.config().optimizer.learning_rate), "the present one"
    field.set_value(typed)
    app = press(app, f"apply {active.id}")
    assert float(active.learning_rate_request.read_text()) == asked
    assert not app.error
    assert "It changes with the next step." in words(app)


@pytest.mark.parametrize("typed", ["99", "-1", "0", "fast", "", "nan", "inf"])
def test_a_refused_learning_rate_is_one_sentence_until_it_is_changed(typed, active):
    app = open_app("run", run=active.id)
    widget(app, f"new learning rate {active.id}").set_value(typed)
    app = press(app, f"apply {active.id}")
    assert_one_sentence(sentence(app.error[0]), "Learning rate", "must be a number above 0, at most 10")
    assert not active.learning_rate_request.exists()
    widget(app, f"new learning rate {active.id}").set_value("0.1")
    assert not run(app).error


def test_the_present_learning_rate_is_the_one_asked_for_last(active):
    with_change = EventWriter(active.event_log)
    with_change.write("learning_rate", step=30, learning_rate=0.00003)
    with_change.close()
    app = open_app("run", run=active.id)
    assert widget(app, f"new learning rate {active.id}").value == "0.00003"


def test_it_waits_for_the_next_step_when_its_worker_has_heard_of_it(runs_folder):
    """Until then it goes on: who clicks sooner asks for a step that is being done."""
    trained = fake_run(runs_folder, "starting")
    with running(trained) as log:
        app = press(open_app("run", run=trained.id), f"Step by step {trained.id}")
        assert ", waiting" not in words(app)
        log.write("playback", step=40, epoch_seconds=0.0, by_step=True)
        assert ", waiting" in words(run(app))


def test_a_page_at_rest_follows_the_log_that_another_writes(runs_folder, monkeypatch):
    """A run that was paused may be resumed elsewhere and finish before its page looks again."""
    stands = []
    redrawn = live_view.redrawn
    monkeypatch.setattr(
        live_view, "redrawn", lambda *a, **options: stands.append(options["stands"]) or redrawn(*a, **options)
    )
    paused = fake_run(runs_folder, "paused")
    open_app("run", run=paused.id)
    before = stands[0]()
    log = EventWriter(paused.event_log)
    log.write("finished", message="Done.")
    log.close()
    assert stands[0]() != before
