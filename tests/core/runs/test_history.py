"""What happened in a run, read from its log piece by piece."""

import json

import numpy as np
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
        ("started", {"total_steps": 40, "epochs": 4}),
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


STARTED = {"total_steps": 40, "epochs": 4, "steps_per_epoch": 10, "train_images": 1000}


def told(run, *events):
    """A history of these events: (time, kind, values)."""
    with run.event_log.open("a") as file:
        for moment, kind, values in events:
            file.write(json.dumps({"event": kind, "time": moment, **values}) + "\n")
    return History(run).update()


def step(number, loss=1.0):
    return {"step": number, "epoch": 1, "train/loss": loss}


def resumed(number, finished_epochs, **values):
    return {**STARTED, "step": number, "epoch": finished_epochs, **values}


def test_time_left_follows_the_pace(run):
    history = told(run, (100, "started", STARTED), (110, "step", step(10)))
    assert history.progress() == 0.25
    assert history.seconds_left() == pytest.approx(30)
    assert history.elapsed() == pytest.approx(10)
    assert history.elapsed(now=112) == pytest.approx(12)
    assert history.images_per_second() == pytest.approx(100)
    history = told(run, (115, "stopped", {"message": "x"}))
    assert history.seconds_left() is None
    assert history.elapsed() == history.elapsed(now=1000) == pytest.approx(15)


def test_pauses_are_in_no_time(run):
    before = (100, "started", STARTED), (110, "step", step(10)), (111, "paused", {"message": "x"})
    history = told(run, *before)
    assert history.elapsed() == history.elapsed(now=5000) == 11
    history = told(run, (1000, "resuming", {}))
    assert history.elapsed(now=1003) == 11, "it has not begun again, and what was trained stays"
    history = told(run, (1003, "resumed", resumed(10, 1)))
    assert history.elapsed() == 11 and history.elapsed(now=1004) == 12
    assert history.seconds_left() is None and history.images_per_second() is None, "there is no speed yet"
    history = told(run, (1008, "step", step(20)))
    assert history.elapsed() == 16
    assert history.seconds_left() == pytest.approx(10) and history.images_per_second() == pytest.approx(200)
    assert history.progress() == 0.5
    history = told(run, (1009, "paused", {}), (3000, "resuming", {}), (3001, "resumed", resumed(20, 2)))
    assert history.elapsed() == 17


def test_a_crash_costs_no_time_either(run):
    told(run, (100, "started", STARTED), (110, "step", step(10)))
    history = told(run, (1000, "resuming", {}), (1001, "resumed", resumed(0, 0)), (1005, "step", step(5)))
    assert history.elapsed() == 14


def test_what_came_after_the_checkpoint_is_forgotten(run):
    history = told(
        run,
        (100, "started", STARTED),
        *((100 + number, "step", step(number, number / 10)) for number in range(2, 16, 2)),
        (110, "epoch", epoch(1, 0.5, True)),
        (111, "learning_rate", {"step": 4, "learning_rate": 0.1}),
        (112, "learning_rate", {"step": 14, "learning_rate": 0.2}),
        (114, "epoch", epoch(2, 0.6, True)),
        (200, "resuming", {}),
    )
    assert history.steps == [2, 4, 6, 8, 10, 12, 14]
    history = told(run, (201, "resumed", resumed(11, 1)))
    assert (history.steps, history.losses) == ([2, 4, 6, 8, 10], [0.2, 0.4, 0.6, 0.8, 1.0])
    assert [event["epoch"] for event in history.epochs] == [1] and history.best_epoch()["epoch"] == 1
    assert [event["learning_rate"] for event in history.learning_rates] == [0.1]
    assert history.progress() == 0.25 and history.last_step["train/loss"] == 1.0
    history = told(run, (202, "step", step(12, 9.0)), (203, "step", step(14, 9.5)))
    assert history.steps == [2, 4, 6, 8, 10, 12, 14] and history.losses[-2:] == [9.0, 9.5]
    assert history.progress() == 0.35


def test_validations_within_epochs_are_curves_of_their_own(run):
    def validation(number, accuracy):
        return {"step": number, "epoch": 1, "val/loss": 1.0, "val/accuracy": accuracy, "images": 50, "seconds": 0.1}

    history = told(
        run,
        (100, "started", STARTED),
        (101, "step", {**step(2), "train/accuracy": 0.25}),
        (102, "validation", validation(3, 0.3)),
        (103, "step", step(6)),
        (104, "validation", validation(7, 0.4)),
        (105, "epoch", epoch(1, 0.5, True)),
        (106, "validation", validation(14, 0.6)),
    )
    assert history.validations.column("step").tolist() == [3, 7, 14]
    assert history.validations.column("val/accuracy").tolist() == [0.3, 0.4, 0.6]
    assert history.validations.column("images").tolist() == [50] * 3
    accuracies = history.curve.column("train/accuracy")
    assert accuracies[0] == 0.25 and np.isnan(accuracies[1]), "a step of before there were any has none"
    assert [event["epoch"] for event in history.epochs] == [1] and history.best_epoch()["val/accuracy"] == 0.5
    assert history.last_step["step"] == 6
    history = told(run, (200, "resuming", {}), (201, "resumed", resumed(10, 1)))
    assert history.validations.column("step").tolist() == [3, 7], "what came after the checkpoint happens again"
    history = told(run, (300, "resuming", {}), (301, "started", STARTED))
    assert not len(history.validations)


def test_a_run_that_began_anew_has_only_its_new_past(run):
    told(
        run, (100, "started", STARTED), (105, "step", step(5)), (106, "learning_rate", {"step": 5, "learning_rate": 1})
    )
    history = told(run, (200, "resuming", {}), (201, "started", STARTED))
    assert (history.steps, history.epochs, history.learning_rates, history.last_step) == ([], [], [], None)
    assert history.progress() == 0.0 and history.elapsed() is None
    history = told(run, (203, "step", step(2)))
    assert history.elapsed() == 2 and history.steps == [2]


def test_more_epochs_count_in_the_progress_and_renew_the_test(run):
    history = told(
        run,
        (100, "started", {**STARTED, "epochs": 4, "class_names": ["a"]}),
        (140, "step", step(40)),
        (140, "epoch", epoch(4, 0.5, True)),
        (143, "test", {"test/accuracy": 0.5}),
        (144, "finished", {"message": "x"}),
    )
    assert history.progress() == 1.0 and history.test and history.end and history.elapsed() == 44
    history = told(run, (200, "resuming", {}))
    assert history.end is None and history.test["test/accuracy"] == 0.5, "the old result stands"
    history = told(run, (201, "resumed", resumed(40, 4, total_steps=80, epochs=8)))
    assert history.progress() == 0.5 and history.started["epochs"] == 8
    assert history.started["time"] == 100 and history.started["class_names"] == ["a"]
    assert [event["epoch"] for event in history.epochs] == [4]
    history = told(run, (221, "step", step(60)), (222, "test", {"test/accuracy": 0.7}), (223, "finished", {}))
    assert history.test["test/accuracy"] == 0.7 and history.elapsed() == 44 + 22


TESTED = (
    (100, "started", {**STARTED, "class_names": ["a"]}),
    (140, "step", step(40)),
    (140, "epoch", epoch(4, 0.5, True)),
    (143, "test", {"test/accuracy": 0.5, "from_epoch": 4}),
    (144, "finished", {"message": "x"}),
)


def test_a_result_stands_when_more_epochs_are_stopped(run):
    assert told(run, *TESTED).outdated_test() is None
    more = resumed(40, 4, total_steps=80, epochs=8)
    history = told(run, (200, "resuming", {}), (201, "resumed", more), (211, "step", step(50)), (212, "stopped", {}))
    assert history.test["test/accuracy"] == 0.5 and history.outdated_test() is None and history.elapsed() == 44 + 11
    again = resumed(50, 4, total_steps=80, epochs=8)
    history = told(run, (300, "resuming", {}), (301, "resumed", again), (302, "epoch", {**epoch(5, 0.6, True)}))
    assert history.test["test/accuracy"] == 0.5 and history.outdated_test() == 4, "that of epoch 5 is not tested yet"


@pytest.mark.parametrize("end", ["failed", "stopped", "paused"])
@pytest.mark.parametrize("begun", [(), ("started",)], ids=["before it began", "before its first step"])
def test_an_attempt_that_trains_nothing_leaves_the_old_results(begun, end, run):
    before = told(run, *TESTED)
    values = {"started": {**STARTED, "total_steps": 99}}
    attempt = [(200, "resuming", {}), *((201, kind, values[kind]) for kind in begun), (202, end, {"message": "Gone."})]
    history = told(run, *attempt)
    for name in ("curve", "epochs", "test", "started"):
        assert getattr(history, name) == getattr(before, name), name
    assert history.progress() == 1.0 and history.end["message"] == "Gone." and history.elapsed() == 44


def test_a_killed_attempt_is_followed_by_the_old_results_too(run):
    told(run, *TESTED, (200, "resuming", {}), (201, "started", STARTED))
    history = told(run, (300, "resuming", {}))
    assert history.steps == [40] and history.test


def test_a_training_that_begins_anew_lets_go_of_the_test_when_it_replaces_the_network(run):
    told(run, *TESTED)
    history = told(run, (200, "resuming", {}), (201, "started", STARTED), (202, "step", step(5)))
    assert history.steps == [5] and history.epochs == [] and history.test, "the tested network is still there"
    assert told(run, (203, "epoch", epoch(1, 0.1, True))).test is None


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_set_between_two_sessions_changes_no_time(jump, run):
    now, then = 1_000_000, 1_000_000 + jump
    told(run, (now, "started", STARTED), (now + 10, "step", step(10)), (now + 11, "paused", {}))
    history = told(run, (then, "resuming", {}), (then + 1, "resumed", resumed(10, 1)))
    assert history.elapsed() == 11 and history.elapsed(now=history.told + 2) == 13
    history = told(run, (then + 6, "step", step(20)))
    assert history.elapsed() == 16 and history.seconds_left() == pytest.approx(10)


def test_a_clock_that_was_set_back_in_an_old_log_does_not_make_the_time_0(run):
    done = {**epoch(1, 0.5, True), "seconds": 7.5}
    assert told(run, (1000, "started", STARTED), (500, "step", step(10)), (500, "epoch", done)).elapsed() == 7.5


def test_a_matrix_of_other_classes_than_those_trained_is_left_out(run):
    test = {"test/accuracy": 0.5, "confusion_matrix": [[1, 0], [0, 1]], "per_class": []}
    history = told(run, (100, "started", {**STARTED, "class_names": ["a", "b", "c"]}), (143, "test", test))
    assert "confusion_matrix" not in history.test and history.test["test/accuracy"] == 0.5 and history.is_damaged


def test_notices_and_preparations_are_kept(run):
    history = told(run, (1, "preparing", {"done": 5, "images": 9}), (2, "notice", {"message": "Cut in two."}))
    assert history.preparing["done"] == 5 and [event["message"] for event in history.notices] == ["Cut in two."]


@pytest.mark.parametrize(
    "line", ['{"event":"step"}', '{"event":"step","step":null,"train/loss":1}', '{"event":"new kind"}']
)
def test_an_event_without_its_values_does_not_break_the_history(line, run):
    run.event_log.write_text(f'{{"event":"started","time":1,"total_steps":10,"epochs":1}}\n{line}\n')
    history = History(run).update()
    assert history.started
    history.progress(), history.seconds_left(), history.elapsed()
