"""What the charts are given: few points, the right ones, and the window that is looked at."""

import base64
import json
import threading
import time

import numpy as np
import pytest

from core.runs import history, running
from core.runs.events import EventWriter
from core.runs.metrics import ACCURACY, LOSS
from core.runs.thinning import LIMIT
from pages.components.charts.curves import (
    Axis,
    all_within,
    best_point,
    chart_curves,
    marks,
    metric_curve,
    smoothed,
)
from pages.components.charts.live_plot import Curve, packed, zoomed_window
from pages.components.shell.histories import shared_history
from tests.pages.fake_runs import STEPS_PER_EPOCH, fake_run, write_epoch, write_start


def test_a_zoomed_curve_is_sent_at_full_resolution():
    x = np.arange(1_000_000.0)
    curve = Curve("train", x, np.sin(x), colour=0)
    assert len(_floats(packed(curve, None)["x"])) <= LIMIT
    assert _floats(packed(curve, (1000, 2000))["x"]).tolist() == list(range(999, 2002))


@pytest.mark.parametrize("reported", [None, "x", [1], [1, 2, 3], ["a", "b"], [float("nan"), 1], {"low": 1}, 7])
def test_a_window_that_makes_no_sense_is_no_window(reported):
    assert zoomed_window({"range": reported}) is None
    assert zoomed_window(None) is None


def test_curves_run_over_epochs_and_mark_the_best(tmp_path):
    shared = shared_history(fake_run(tmp_path, "finished", epochs=3))
    train, val = chart_curves(shared.history, LOSS)
    assert train.x[-1] == 3 and len(train.x) == 3 * STEPS_PER_EPOCH
    assert val.x.tolist() == [1, 2, 3]
    assert best_point(shared.history, "val/loss") == (3.0, pytest.approx(1.1 / 3))
    train, val = chart_curves(shared.history, ACCURACY)
    assert train.y.tolist() == val.y.tolist()
    assert val.keep == (2,)


def within_epochs(folder, *validations, epochs=2):
    """A run with a running training accuracy and validations within its epochs: (step, accuracy, images)."""
    run = fake_run(folder, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, epochs)
    points = list(validations)
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * STEPS_PER_EPOCH + 1, epoch * STEPS_PER_EPOCH + 1):
            log.write("step", step=step, epoch=epoch, **{"train/loss": 1.0, "train/accuracy": step / 100})
            while points and points[0][0] == step:
                _, accuracy, images = points.pop(0)
                values = {"val/loss": 1 - accuracy, "val/accuracy": accuracy}
                log.write("validation", step=step, epoch=epoch, images=images, seconds=0.1, **values)
        values = {"train/accuracy": 0.1, "val/loss": 0.5, "val/accuracy": 0.5}
        log.write("epoch", epoch=epoch, step=epoch * STEPS_PER_EPOCH, best=epoch == 1, **values)
    log.close()
    return run


def test_validation_within_epochs_is_on_both_charts_and_the_star_stays_on_ends(tmp_path):
    shared = shared_history(within_epochs(tmp_path, (5, 0.2, 100), (15, 0.4, 100), (30, 0.45, 100)))
    _, loss = chart_curves(shared.history, LOSS)
    _, accuracy = chart_curves(shared.history, ACCURACY)
    assert loss.x.tolist() == accuracy.x.tolist() == [0.25, 0.75, 1, 1.5, 2]
    assert accuracy.y.tolist() == [0.2, 0.4, 0.5, 0.45, 0.5] and loss.y[0] == pytest.approx(0.8)
    assert accuracy.is_small.tolist() == [True, True, False, True, False]
    assert accuracy.keep == (2,) and best_point(shared.history, "val/accuracy") == (1.0, 0.5)
    for axis in (Axis("step"), Axis("time", 10)):
        assert len(chart_curves(shared.history, ACCURACY, axis)[1].x) == 5
    assert chart_curves(shared.history, ACCURACY, Axis("step"))[1].x.tolist() == [5, 15, 20, 30, 40]
    assert _floats(packed(accuracy)["sizes"]).tolist() == [3, 3, 6, 3, 6] and packed(loss)["sizes"]
    assert packed(chart_curves(shared.history, ACCURACY)[0])["sizes"] is None


def test_what_a_part_of_the_pictures_said_is_a_curve_of_its_own_that_says_so(tmp_path):
    shared = shared_history(within_epochs(tmp_path, (5, 0.2, 30), (15, 0.4, 30)))
    _, part, whole = chart_curves(shared.history, ACCURACY)
    assert part.name == "validation, 30 pictures" and part.x.tolist() == [0.25, 0.75] and not part.markers
    assert whole.x.tolist() == [1, 2]
    assert metric_curve(shared.history, "val/accuracy", "run", Axis(), 0).x.tolist() == [1, 2]
    first = shared_history(within_epochs(tmp_path / "other", (5, 0.2, 30), epochs=1))
    first.history.epochs.clear()
    assert metric_curve(first.history, "val/accuracy", "run", Axis(), 0).x.tolist() == [0.25], "better than nothing"


def test_curves_that_are_compared_have_points_at_the_same_moments(tmp_path):
    inside = shared_history(within_epochs(tmp_path / "inside", (5, 0.2, 100), (15, 0.4, 100))).history
    ends = shared_history(within_epochs(tmp_path / "ends")).history
    part = shared_history(within_epochs(tmp_path / "part", (5, 0.2, 30))).history
    assert all_within([inside, inside], "val/accuracy")
    for other in (ends, part):
        within = all_within([inside, other], "val/accuracy")
        assert not within
        for each in (inside, other):
            assert metric_curve(each, "val/accuracy", "run", Axis(), 0, within).x.tolist() == [1, 2]
    part.epochs.clear()
    assert all_within([inside, part], "val/accuracy"), "one in its first epoch has nothing else yet"


def test_the_running_training_accuracy_is_that_of_the_last_pictures(tmp_path, monkeypatch):
    shared = shared_history(within_epochs(tmp_path))
    train, _ = chart_curves(shared.history, ACCURACY)
    assert train.x.tolist() == [step / STEPS_PER_EPOCH for step in range(1, 41)] and not train.markers
    assert train.y[0] == pytest.approx(0.01), "from the first step on"
    assert train.y[-1] == pytest.approx(np.arange(21, 41).mean() / 100), "of an epoch where it has less than a thousand"
    monkeypatch.setattr(running, "PICTURES", 320)
    train, _ = chart_curves(shared.history, ACCURACY)
    assert train.y[-1] == pytest.approx(np.arange(31, 41).mean() / 100), "ten steps of 32 pictures"
    assert metric_curve(shared.history, "train/accuracy", "run", Axis(), 0).y.tolist() == train.y.tolist()
    faint, calm, _ = chart_curves(shared.history, ACCURACY, Axis(), 0.9)
    assert faint.is_faint and calm.y[-1] < faint.y[-1]


def test_epochs_of_before_there_was_a_running_accuracy_stay_in_front_of_it(tmp_path):
    run = within_epochs(tmp_path)
    lines = [json.loads(line) for line in run.event_log.read_text().splitlines()]
    for line in lines:
        if line["event"] == "step" and line["epoch"] == 1:
            del line["train/accuracy"]
    run.event_log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    train, _ = chart_curves(shared_history(run).history, ACCURACY)
    assert train.x[0] == 1 and train.y[0] == 0.1 and len(train.x) == 1 + STEPS_PER_EPOCH
    assert train.y[1] == pytest.approx(0.21)


def test_curves_go_on_after_a_pause_without_gaps_and_double_points(tmp_path):
    run = fake_run(tmp_path, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 6)
    for epoch in (1, 2, 3):
        write_epoch(log, epoch)
    log.write("paused", message="Paused.")
    before = [curve.x.tolist() for curve in chart_curves(shared_history(run).history, LOSS)]
    log.write("resuming")
    assert [curve.x.tolist() for curve in chart_curves(shared_history(run).history, LOSS)] == before, (
        "still there while it loads"
    )
    write_start(log, run, 6, "resumed", step=2 * STEPS_PER_EPOCH, epoch=2)  # its last checkpoint was older
    for epoch in (3, 4, 5, 6):
        write_epoch(log, epoch)
    train, val = chart_curves(shared_history(run).history, LOSS)
    assert np.allclose(train.x, np.arange(1, 6 * STEPS_PER_EPOCH + 1) / STEPS_PER_EPOCH)
    assert val.x.tolist() == [1, 2, 3, 4, 5, 6]


def test_what_is_trained_again_after_a_crash_replaces_what_was_lost(tmp_path):
    run = fake_run(tmp_path, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 6)
    write_epoch(log, 1)
    for step in (22, 24, 26, 28):
        log.write("step", epoch=2, step=step, learning_rate=0.001, **{"train/loss": 9.0})
    assert shared_history(run).history.curve.column("train/loss")[-1] == 9.0
    log.write("resuming")
    write_start(log, run, 6, "resumed", step=STEPS_PER_EPOCH, epoch=1)  # where the last checkpoint was
    for step in (21, 23, 25, 27, 29, 31):  # more points than were lost, at other places
        log.write("step", epoch=2, step=step, learning_rate=0.001, **{"train/loss": 1.0})
    steps, losses = map(shared_history(run).history.curve.column, ("step", "train/loss"))
    assert steps.tolist() == [*range(1, STEPS_PER_EPOCH + 1), 21, 23, 25, 27, 29, 31]
    assert losses[STEPS_PER_EPOCH:].tolist() == [1.0] * 6


def test_a_changed_learning_rate_is_marked_where_it_changed(tmp_path):
    run = fake_run(tmp_path, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 6)
    write_epoch(log, 1)
    log.write("learning_rate", step=30, learning_rate=0.00003)
    assert marks(shared_history(run).history) == [(1.5, "learning rate 0.00003")]


def test_visitors_share_one_history_without_reading_anything_twice(tmp_path, monkeypatch):
    read = history.complete_lines

    def read_slowly(*arguments):
        result = read(*arguments)
        time.sleep(0.002)  # long enough for another visitor to begin reading at the same place
        return result

    monkeypatch.setattr(history, "complete_lines", read_slowly)
    run = fake_run(tmp_path, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 50)
    visitors = [threading.Thread(target=lambda: [shared_history(run) for _ in range(60)]) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for epoch in range(1, 51):
        write_epoch(log, epoch)
    for visitor in visitors:
        visitor.join()
    steps, losses = map(shared_history(run).history.curve.column, ("step", "train/loss"))
    assert steps.tolist() == list(range(1, 50 * STEPS_PER_EPOCH + 1))
    assert len(losses) == len(steps)
    assert len(shared_history(run).history.epochs) == 50


def test_what_visitors_see_is_made_once_until_the_log_grows(tmp_path):
    run = fake_run(tmp_path, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 6)
    made = []
    for growth in (False, False, True, False):
        if growth:
            write_epoch(log, 1)
        shared = shared_history(run)
        for window_ in (None, None, (0, 1)):
            shared.once(("Loss", window_), lambda window_=window_: made.append(window_) or len(made))
    assert made == [None, (0, 1), None, (0, 1)]


def _floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def paused_run(tmp_path):
    """Two epochs, a pause of 1,000 seconds, two more."""
    run = fake_run(tmp_path, "starting")
    log = EventWriter(run.event_log)
    write_start(log, run, 4)
    for epoch in (1, 2):
        write_epoch(log, epoch)
    log.write("paused", message="Paused.")
    log.write("resuming")
    write_start(log, run, 4, "resumed", step=2 * STEPS_PER_EPOCH, epoch=2)
    for epoch in (3, 4):
        write_epoch(log, epoch)
    lines = [json.loads(line) for line in run.event_log.read_text().splitlines()]
    start, resumed = lines[0]["time"], next(place for place, line in enumerate(lines) if line["event"] == "resuming")
    for place, line in enumerate(lines):  # half a second for each line
        line["time"] = start + place / 2 + (1000 if place >= resumed else 0)
    run.event_log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def test_over_steps_and_time_every_point_has_its_place_and_pauses_take_none(tmp_path):
    shared = shared_history(paused_run(tmp_path))
    steps = chart_curves(shared.history, LOSS, Axis("step"))
    assert steps[0].x.tolist() == list(range(1, 4 * STEPS_PER_EPOCH + 1))
    assert steps[1].x.tolist() == [20, 40, 60, 80]
    train, val = chart_curves(shared.history, LOSS, Axis("time"))
    assert (np.diff(train.x) > 0).all() and train.x[0] == 0.5
    assert train.x[-1] < 50, "seconds of training, without the pause"
    assert abs(train.x[40] - train.x[39]) < 2
    assert val.x[-1] == pytest.approx(train.x[-1] + 0.5)
    assert Axis("time", 60).title() == "training time, seconds"


def test_where_it_went_on_after_a_pause_is_marked(tmp_path):
    history = shared_history(paused_run(tmp_path)).history
    assert marks(history) == [(2.0, "resumed")]
    assert marks(history, Axis("step")) == [(40.0, "resumed")]


def test_smoothing_keeps_a_constant_and_calms_noise():
    noise = np.random.default_rng(0).normal(5, 1, 10_000)
    calm = smoothed(noise, 0.99)
    assert np.allclose(smoothed(np.full(50, 3.0), 0.9), 3.0), "no pull to zero at the beginning"
    assert calm[1000:].std() < 0.1 and abs(calm[1000:].mean() - 5) < 0.05
    assert smoothed(np.array([1.0, np.nan, 1.0]), 0.5)[[0, 2]].tolist() == [1.0, 1.0]
    assert np.isnan(smoothed(np.array([1.0, np.nan]), 0.5)[1])


def test_a_smoothed_curve_stands_before_what_it_was_made_from(tmp_path):
    shared = shared_history(fake_run(tmp_path, "finished", epochs=3))
    faint, calm, _ = chart_curves(shared.history, LOSS, Axis(), 0.9)
    assert faint.is_faint and not calm.is_faint
    assert calm.y[0] == faint.y[0] and calm.y[-1] > faint.y[-1], "it lags behind a falling curve"
