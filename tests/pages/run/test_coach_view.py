"""The coach on a run's page: one line, and a button for its remedy."""

from core.analysis.coach import advise, curves_of
from core.runs.history import History
from tests.helpers import with_plain_spaces
from tests.pages.apps import run, widget, words
from tests.pages.fake_runs import EventWriter, fake_run, running, write_start
from tests.pages.run.test_mistakes_view import open_run


def test_the_coach_speaks_on_the_page_what_it_says_of_the_curves(shown):
    text = with_plain_spaces(words(open_run(shown)))
    advice = advise(curves_of(History(shown).update(), shown.config()))
    if advice is None:
        assert "remedy" not in text
    else:
        assert advice.sentence in text and with_plain_spaces(advice.evidence[1:]) in text


def diverging_run(runs_folder):
    entry = fake_run(runs_folder, "starting")
    log = EventWriter(entry.event_log)
    write_start(log, entry, 6)
    for epoch, loss in enumerate([2.0, 1.0, 0.6, 0.9, 1.9, 3.4], start=1):
        metrics = {"train/loss": loss, "train/accuracy": 0.5, "val/loss": loss, "val/accuracy": 0.5}
        log.write("epoch", epoch=epoch, step=20 * epoch, best=epoch == 3, seconds=1.0, memory_bytes=1, **metrics)
    log.write("finished", message="Done.")
    log.close()
    return entry


def test_the_remedy_fills_the_form_and_marks_what_it_changed(runs_folder):
    entry = diverging_run(runs_folder)
    app = open_run(entry)
    assert "the steps are too long" in words(app)
    button = widget(app, f"remedy {entry.id}")
    rate = entry.config().optimizer.learning_rate
    assert f"{rate / 10:g}" in button.label
    button.click()
    app = run(app)
    assert app.title[0].value == "Train a network"
    assert widget(app, "form:optimizer.adam.learning_rate").value == f"{rate / 10:g}"
    assert "Changed from" in words(app)


def test_a_loss_that_jumped_is_answered_with_the_learning_rate_of_before(runs_folder):
    entry = fake_run(runs_folder, "starting")
    with running(entry, epochs=12, done=3) as log:
        log.write("learning_rate", step=60, learning_rate=0.7)
        metrics = {"train/loss": 9.0, "train/accuracy": 0.3, "val/loss": 8.0, "val/accuracy": 0.4}
        log.write("epoch", epoch=4, step=80, best=False, seconds=1.0, memory_bytes=1, **metrics)
        app = open_run(entry)
        assert "jumped" in words(app) and "when the learning rate became 0.7" in words(app)
        button = widget(app, f"remedy {entry.id}")
        rate = entry.config().optimizer.learning_rate
        assert button.label == f"Set it back to {rate:g}"
        button.click()
        app = run(app)
        assert float(entry.learning_rate_request.read_text()) == rate
