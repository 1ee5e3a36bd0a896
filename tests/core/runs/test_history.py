"""What happened in a run, read from its log piece by piece."""

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
    history.started = {"time": 100.0, "total_steps": 40}
    history.last_step = {"time": 110.0, "step": 10}
    assert history.progress() == 0.25
    assert history.seconds_left() == pytest.approx(30)
    assert history.elapsed() == pytest.approx(10)
    history.end = {"time": 115.0}
    assert history.seconds_left() is None
    assert history.elapsed() == pytest.approx(15)


@pytest.mark.parametrize(
    "line", ['{"event":"step"}', '{"event":"step","step":null,"train/loss":1}', '{"event":"new kind"}']
)
def test_an_event_without_its_values_does_not_break_the_history(line, run):
    run.event_log.write_text(f'{{"event":"started","time":1,"total_steps":10}}\n{line}\n')
    history = History(run).update()
    assert history.started
    history.progress(), history.seconds_left(), history.elapsed()
