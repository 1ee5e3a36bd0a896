"""What happened in a run, read from its log piece by piece."""

import json

import pytest

from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run
from tests.helpers import quick_config


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


def epoch(number, accuracy, best):
    return {"epoch": number, "step": number * 10, "val/accuracy": accuracy, "best": best}


def test_a_run_without_a_log_has_an_empty_history(run):
    history = History(run).update()
    assert (history.steps, history.losses, history.epochs) == ([], [], [])
    assert history.progress() == 0.0
    assert history.seconds_left() is None and history.elapsed() is None and history.best_epoch() is None


def test_reading_in_pieces_gives_what_reading_at_once_gives(run):
    growing = History(run)
    writer = EventWriter(run.event_log)
    events = [
        ("download", {"done_bytes": 5, "total_bytes": 10}),
        ("started", {"total_steps": 40}),
        ("step", {"step": 5, "train/loss": 2.0}),
        ("step", {"step": 10, "train/loss": float("nan")}),
        ("epoch", epoch(1, 0.5, True)),
        ("epoch", epoch(2, 0.4, False)),
        ("step", {"step": 20, "train/loss": 1.0}),
        ("epoch", epoch(3, 0.6, True)),
        ("test", {"test/accuracy": 0.55}),
        ("finished", {"message": "Done."}),
    ]
    for kind, values in events:
        writer.write(kind, **values)
        growing.update()
    writer.close()
    assert growing == History(run).update()
    assert (growing.steps, growing.losses) == ([5, 10, 20], [2.0, None, 1.0])
    assert [entry["epoch"] for entry in growing.epochs] == [1, 2, 3]
    assert growing.best_epoch()["epoch"] == 3
    assert growing.test["test/accuracy"] == 0.55
    assert growing.end["message"] == "Done."
    assert growing.download["total_bytes"] == 10
    assert growing.progress() == 0.5


def test_time_left_follows_the_pace(run):
    history = History(run)
    history.started = history.session = {"time": 100.0, "total_steps": 40, "steps_per_epoch": 20, "train_images": 200}
    history.last_step = {"time": 110.0, "step": 10}
    assert history.progress() == 0.25
    assert history.seconds_left() == pytest.approx(30)
    assert history.elapsed() == pytest.approx(10)
    assert history.elapsed(now=112.0) == pytest.approx(12)
    assert history.images_per_second() == pytest.approx(10)
    history.end = {"time": 115.0}
    assert history.seconds_left() is None
    assert history.elapsed() == history.elapsed(now=999.0) == pytest.approx(15)


def log(run, *events):
    run.event_log.write_text("".join(json.dumps(event) + "\n" for event in events))
    return History(run).update()


STARTED = {
    "event": "started",
    "time": 100.0,
    "total_steps": 40,
    "steps_per_epoch": 20,
    "train_images": 200,
    "epochs": 2,
}


def step(number, time):
    return {"event": "step", "time": time, "step": number, "epoch": 1, "train/loss": float(number)}


def test_a_pause_counts_neither_as_training_nor_as_pace(run):
    history = log(
        run,
        STARTED,
        step(10, 110.0),
        {"event": "paused", "time": 111.0, "message": "Paused."},
        {"event": "resuming", "time": 500.0},
        {**STARTED, "event": "resumed", "time": 502.0, "step": 10, "epoch": 0},
        step(20, 507.0),
    )
    assert history.end is None
    assert history.steps == [10, 20]
    assert history.elapsed() == pytest.approx(11 + 5)
    assert history.seconds_left() == pytest.approx(10), "10 steps in 5 seconds since it was resumed, 20 to go"
    assert history.images_per_second() == pytest.approx(20)
    assert history.started["time"] == 100.0


def test_what_came_after_the_checkpoint_happens_again(run):
    history = log(
        run,
        STARTED,
        step(10, 110.0),
        {"event": "epoch", "time": 120.0, **epoch(1, 0.5, True)},
        step(15, 121.0),
        {"event": "learning_rate", "time": 121.5, "step": 15, "learning_rate": 0.5},
        {"event": "epoch", "time": 122.0, **epoch(2, 0.9, True)},
        {"event": "test", "time": 123.0, "test/accuracy": 1.0},
        {"event": "resuming", "time": 130.0},
        {**STARTED, "event": "resumed", "time": 131.0, "step": 10, "epoch": 1, "epochs": 7, "total_steps": 140},
    )
    assert (history.steps, history.losses) == ([10], [10.0])
    assert history.last_step["step"] == 10
    assert [entry["epoch"] for entry in history.epochs] == [1]
    assert history.learning_rates == [] and history.test is None
    assert history.started["epochs"] == 7 and history.progress() == pytest.approx(10 / 140)


def test_a_run_that_began_anew_forgets_its_first_beginning(run):
    again = {**STARTED, "time": 200.0}
    history = log(run, STARTED, step(10, 110.0), {"event": "resuming", "time": 190.0}, again, step(5, 205.0))
    assert history.steps == [5]
    assert history.elapsed() == pytest.approx(5)


@pytest.mark.parametrize(
    "line", ['{"event":"step"}', '{"event":"step","step":null,"train/loss":1}', '{"event":"new kind"}']
)
def test_an_event_without_its_values_does_not_break_the_history(line, run):
    run.event_log.write_text(f'{{"event":"started","time":1,"total_steps":10}}\n{line}\n')
    history = History(run).update()
    assert history.started
    history.progress(), history.seconds_left(), history.elapsed()
