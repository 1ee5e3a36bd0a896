"""What a run is doing, in words."""

import time

import pytest

from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import Status
from pages.components.run.phases import announcement, meaning, progress_facts, progress_words, what_curves_wait_for
from tests.helpers import with_plain_spaces
from tests.pages.apps import open_app, words
from tests.pages.fake_runs import STEPS_PER_EPOCH, fake_run, running, write_epoch, write_start


@pytest.fixture
def started(runs_folder):
    """(run, log) of a run whose worker has just begun."""
    run = fake_run(runs_folder, "starting")
    log = EventWriter(run.event_log)
    yield run, log
    log.close()


def told(run):
    """Share done and words beside the bar."""
    return progress_words(run.status(), History(run).update())


def test_before_the_first_word(started):
    assert told(started[0]) == (0.0, "Starting: loading the training program and the pictures takes a few seconds.")


@pytest.mark.parametrize(
    ("what", "named"), [("the dataset", "the pictures"), ("the weights", "the weights"), (None, "the pictures")]
)
def test_downloads_say_what_is_fetched(what, named, started):
    run, log = started
    log.write("download", done_bytes=3_000_000, total_bytes=12_000_000, **({"what": what} if what else {}))
    assert told(run) == (0.25, f"Downloading {named}: 3 MB of 12 MB")
    run.starting_mark.touch()  # a fresh worker, as far as the status is concerned
    assert f"Fetching {named} first" in meaning(run, run.status(), History(run).update())


def test_a_download_is_over_when_the_training_begins(started):
    run, log = started
    log.write("download", what="the dataset", done_bytes=12, total_bytes=12)
    write_start(log, run, 4)
    assert told(run) == (0.0, "0\u202f% of the training done")


def test_frozen_layers_are_counted_in_pictures(started):
    run, log = started
    write_start(log, run, 4)
    log.write("preparing", done=12_000, images=50_000)
    assert told(run) == (0.24, "Looking once at every picture through the frozen layers: 12,000 of 50,000")
    run.starting_mark.touch()  # a fresh worker, as far as the status is concerned
    assert meaning(run, run.status(), History(run).update()).startswith("Every picture passes the frozen layers once")
    run.starting_mark.unlink()
    time.sleep(0.002)  # the log counts milliseconds
    write_epoch(log, 1)
    assert told(run) == (0.25, "25\u202f% of the training done")


def test_a_chart_without_a_point_says_what_it_waits_for(started, runs_folder):
    run, log = started

    def waits(run):
        return what_curves_wait_for(run.status(), History(run).update())

    assert waits(run) == "The curves begin with the first step."
    log.write("download", what="the dataset", done_bytes=3_000_000, total_bytes=12_000_000)
    assert waits(run) == "Downloading the pictures:<br>3 MB of 12 MB"
    write_start(log, run, 4)
    log.write("preparing", done=12_000, images=50_000)
    run.starting_mark.touch()
    assert waits(run) == "Looking once at every picture through the frozen layers:<br>12,000 of 50,000"
    assert waits(fake_run(runs_folder, "queued")) == "The curves begin when its turn comes."
    assert waits(fake_run(runs_folder, "stopped")) == "no points yet"


def test_after_the_last_epoch_the_test_pictures_are_measured(started):
    run, log = started
    write_start(log, run, 1)
    write_epoch(log, 1)
    assert told(run) == (1.0, "All epochs are done. Measuring the best network on the test pictures.")


def test_going_on_keeps_the_share_and_says_that_it_loads(runs_folder):
    run = fake_run(runs_folder, "paused", epochs=3)
    run.starting_mark.touch()
    loading = (1.0, "Loading what was learned so far and the pictures; this takes a few seconds.")
    assert told(run) == loading
    log = EventWriter(run.event_log)
    log.write("resuming")
    assert told(run) == loading
    write_start(log, run, 6, "resumed", step=3 * STEPS_PER_EPOCH, epoch=3)
    log.close()
    assert told(run) == (0.5, "50\u202f% of the training done")


def test_facts_are_always_the_same_seven(runs_folder):
    run = fake_run(runs_folder, "starting")
    empty = progress_facts(History(run).update(), time.time())
    with running(run, epochs=6, done=2):
        full = progress_facts(History(run).update(), time.time())
    assert [label for label, _, _ in empty] == [label for label, _, _ in full]
    assert {value for _, value, _ in empty} == {"–"}
    values = {label: (value, more) for label, value, more in full}
    assert values["Epoch"] == ("2 of 6", "step 40 of 120")
    assert values["Computes on"] == ("CPU", "bfloat16, 2 threads")
    assert values["Memory"] == ("930 MB", "of the process")
    assert values["Learning rate"][0] == "0.001"


def test_time_so_far_leaves_pauses_out(runs_folder, monkeypatch):
    run = fake_run(runs_folder, "starting")
    clock = iter([0.0, 100.0, 103.0, 103.0, 500.0, 501.0, 502.0])
    monkeypatch.setattr("core.runs.events.time.time", lambda: 0.0)
    monkeypatch.setattr("core.runs.events._steady", lambda: next(clock))
    log = EventWriter(run.event_log)
    write_start(log, run, 6)  # at 100
    log.write("step", epoch=1, step=5, learning_rate=0.001, **{"train/loss": 1.0})  # at 103
    log.write("paused", message="Paused.")
    log.write("resuming")  # at 500
    write_start(log, run, 6, "resumed", step=5, epoch=0)  # at 501
    log.write("step", epoch=1, step=6, learning_rate=0.001, **{"train/loss": 1.0})  # at 502
    log.close()
    facts = {label: value for label, value, _ in progress_facts(History(run).update(), 504.0)}
    assert facts["Time so far"] == "6 s"


def test_a_live_page_shows_what_the_run_computes_on_and_its_notices(runs_folder):
    run = fake_run(runs_folder, "starting")
    with running(run) as log:
        for message in ("One.", "A batch of 4,096 images does not fit.", "A batch of 4,096 images does not fit."):
            log.write("notice", message=message)
        text = words(open_app("run", run=run.id))
    assert "bfloat16, 2 threads" in text and "930 MB" in text
    assert text.count("A batch of 4,096 images does not fit.") == 1
    assert text.index("A batch") < text.index("One."), "the latest first"


def test_what_a_stop_keeps_is_said_only_once_it_is_there(started):
    run, log = started
    run.request_stop()
    assert meaning(run, Status("running"), History(run).update()) == "Stopping before the first step."
    write_start(log, run, 3)
    said = "Stopping after the current step. What it has learned so far is kept."
    assert meaning(run, Status("running"), History(run).update()) == said, "no epoch has ended: there is no best one"
    run.best.write_bytes(b"network")
    assert "The best and the last state are kept." in meaning(run, Status("running"), History(run).update())


def test_only_what_came_to_rest_is_said_aloud(runs_folder):
    def aloud(run):
        return with_plain_spaces(announcement(run, run.status(), History(run).update()))

    run = fake_run(runs_folder, "starting")
    with running(run):
        assert aloud(run) == ""
    assert aloud(fake_run(runs_folder, "queued")) == ""
    assert aloud(fake_run(runs_folder, "finished")) == "Training finished. 96.8 % of 93 test pictures are right."
    assert aloud(fake_run(runs_folder, "failed")).startswith("Training failed. The memory of the GPU is full")
