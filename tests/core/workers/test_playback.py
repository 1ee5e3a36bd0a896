"""Slow motion and single steps while a run trains: what people ask for between two steps is followed there."""

import threading
import time
from unittest.mock import Mock

import numpy as np
import pytest

from core.runs.history import History
from core.runs.playback import Playback, ask_for_playback, playback_of
from core.runs.store import create_run
from core.workers import playback, worker
from tests.core.running import kinds, same_weights
from tests.helpers import PATIENCE, quick_config

STEPS = 20  # of an epoch of `quick_config`


@pytest.fixture(autouse=True)
def looks_after_every_step(monkeypatch):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(epochs=2), runs_folder)


def work(run, runs_folder, listen=lambda event: None):
    """Stopped where nobody lets it go on for so long."""
    guard = threading.Timer(PATIENCE, run.request_stop)
    guard.start()
    try:
        return worker.work(run, runs_folder / "data", listen)
    finally:
        guard.cancel()


def steps(run):
    return [event["step"] for event in run.events()[0] if event["event"] == "step"]


def test_it_waits_after_each_step_until_the_next_is_asked_for(run, runs_folder):
    seen = []

    def listen(event):
        if event["event"] == "step":
            seen.append(event["step"])
            if event["step"] < 7:
                ask_for_playback(run, Playback(until=event["step"] + 1))
            elif event["step"] == 7:
                ask_for_playback(run, Playback())

    ask_for_playback(run, Playback(until=3))
    assert work(run, runs_folder, listen)["event"] == "finished"
    assert seen[: seen.index(7) + 1][-5:] == [3, 4, 5, 6, 7], "each step is told as soon as it waits"
    other = create_run(quick_config(epochs=2), runs_folder)
    work(other, runs_folder)
    assert same_weights(run.last, other.last), "and the numbers are those of a run at full speed"


def test_the_next_epoch_is_validated_before_it_waits(run, runs_folder):
    asked = []

    def listen(event):
        if event["event"] == "epoch" and event["epoch"] == 1:
            asked.append(steps(run)[-1])
            ask_for_playback(run, Playback(until=STEPS + 3))
        if event["event"] == "step" and event["step"] == STEPS + 3:
            asked.append(event["step"])
            run.request_pause()

    ask_for_playback(run, Playback(until=STEPS))
    assert work(run, runs_folder, listen)["event"] == "paused", "a pause is followed while it waits"
    assert asked == [STEPS, STEPS + 3] == [max(steps(run)) - 3, max(steps(run))]
    assert [epoch["epoch"] for epoch in History(run).update().epochs] == [1]
    assert playback_of(run) == Playback(until=STEPS + 3), "and when it goes on, it goes on like this"


def test_a_learning_rate_that_is_asked_for_while_it_waits_counts_from_the_next_step_on(run, runs_folder):
    def listen(event):
        if event["event"] == "step" and event["step"] == 5:
            run.request_learning_rate(0.05)
        if event["event"] == "learning_rate":
            ask_for_playback(run, Playback(until=6))
        if event["event"] == "step" and event["step"] == 6:
            run.request_stop()

    ask_for_playback(run, Playback(until=5))
    assert work(run, runs_folder, listen)["event"] == "stopped"
    rates = {event["step"]: event["learning_rate"] for event in run.events()[0] if event["event"] == "step"}
    assert rates[5] == pytest.approx(0.001) and rates[6] == pytest.approx(0.05)


def test_slow_motion_begins_and_ends_while_it_trains_and_speed_is_told_anew(run, runs_folder, monkeypatch):
    monkeypatch.setattr("core.training.event_recorder.SHORTEST_SILENCE", 0)  # each step is told
    left = []

    def listen(event):
        if event["event"] == "started":
            ask_for_playback(run, Playback(epoch_seconds=600))  # half a minute for a step
        if event["event"] == "playback" and event["epoch_seconds"]:
            ask_for_playback(run, Playback(epoch_seconds=1))
        if event["event"] == "epoch" and event["epoch"] == 1:
            ask_for_playback(run, Playback())
        if event["event"] == "step" and STEPS < event["step"] < 2 * STEPS:
            time.sleep(0.02)  # the log counts milliseconds
            history = History(run).update()
            passed = event["time"] - history.playbacks[-1]["time"]
            if passed:
                left.append((history.seconds_left(), (2 * STEPS - event["step"]) * passed / (event["step"] - STEPS)))

    began = time.monotonic()
    assert work(run, runs_folder, listen)["event"] == "finished"
    assert time.monotonic() - began > 0.9, "the epoch of slow motion"
    history = History(run).update()
    assert [(each["epoch_seconds"], each["by_step"]) for each in history.playbacks] == [
        (600, False), (1, False), (0, False),
    ]  # fmt: skip
    assert history.epochs[0]["seconds"] > 0.9
    assert len(left) > 3
    told, expected = zip(*left, strict=True)
    assert told == pytest.approx(expected), "at full speed again, the slow steps do not count"


def test_waiting_for_people_is_no_slow_training(run, runs_folder):
    told = []

    def listen(event):
        if event["event"] == "step" and event["step"] == 5 and not told:
            told.append(History(run).update().images_per_second())
            threading.Timer(1, ask_for_playback, (run, Playback())).start()

    ask_for_playback(run, Playback(until=5))
    work(run, runs_folder, listen)
    history = History(run).update()
    assert told == [None], "step by step there is no speed"
    (epoch,) = history.epochs[:1]
    assert epoch["seconds"] <= epoch["time"] - history.session["time"] - 0.9
    before, after = [event for event in run.events()[0] if event["event"] == "step" and event["step"] >= 5][:2]
    trained = (after["step"] - 5) * 64 / after["images_per_second"]
    assert trained <= after["time"] - before["time"] - 0.9


@pytest.mark.parametrize(
    "text", ["", "fast", '{"until": -1}', '{"epoch_seconds": 1e9, "until": "x"}', '{"until": 1' + "0" * 400 + "}"]
)
def test_what_is_no_pace_is_that_of_full_speed(text, run, runs_folder):
    run.playback_request.write_text(text)
    assert playback_of(run) == Playback()
    assert work(run, runs_folder)["event"] == "finished"
    assert "playback" not in kinds(run)


def test_waiting_for_people_is_no_training_time(run, runs_folder):
    """Also where the curves run over time, while it waits, and after a pause."""
    held, told = 1.0, []

    def listen(event):
        if event["event"] == "step" and event["step"] == 5 and not told:
            history = History(run).update()
            told.append(history.elapsed(event["time"] + 100) - history.elapsed())
            threading.Timer(held, ask_for_playback, (run, Playback())).start()
        if event["event"] == "epoch" and event["epoch"] == 1:
            run.request_pause()

    ask_for_playback(run, Playback(until=5))
    assert work(run, runs_folder, listen)["event"] == "paused"
    assert told == [0], "while it waits the time stands still"
    (wait,) = (event for event in run.events()[0] if event["event"] == "waited")
    assert wait["step"] == 5 and wait["seconds"] >= held
    history = History(run).update()
    passed = history.end["time"] - history.session["time"]
    trained = passed - wait["seconds"]
    assert history.elapsed() == pytest.approx(trained)
    times = np.array([history.session["time"] + 0.001, history.end["time"]])
    assert history.trained_at(np.array([1, STEPS]), times) == pytest.approx([0.001, trained], abs=1e-6)
    assert work(run, runs_folder)["event"] == "finished"
    history = History(run).update()
    total = trained + history.end["time"] - history.session["time"]
    assert history.elapsed() == pytest.approx(total, abs=1e-3)


def test_what_is_written_down_before_it_waits_is_no_waiting(monkeypatch):
    """Else the next step, which begins when the wait ends, would seem to have taken less than nothing."""
    clock, held = Mock(), []
    clock.monotonic.return_value = 0.0

    def passes(seconds):
        clock.monotonic.return_value += seconds

    clock.sleep = passes
    monkeypatch.setattr(playback, "time", clock)
    requests = Mock()
    requests.end.return_value = None
    requests.playback.side_effect = [Playback(until=1)] * 3 + [Playback()]
    written = iter([2.0, 0.0, 0.0])  # seconds that it takes
    waits = playback.PlaybackClock(requests, 0.0, 0.5, changed=lambda _: passes(1.0), held=held.append)
    waits.wait(step=1, share=0.5, may_hold=True, meanwhile=lambda: passes(next(written)))
    assert held == [pytest.approx(3 * playback.LOOK_SECONDS + 1.0)], "and the last change, which ends it"
