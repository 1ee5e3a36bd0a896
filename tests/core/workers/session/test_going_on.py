"""Sessions that go on: after a pause, with more epochs, with another learning rate."""

from unittest.mock import Mock

import pytest

from core.runs import requests
from core.runs.history import History
from core.runs.store import create_run
from core.training import scoring
from core.training.between import Between
from core.training.checkpoints import load_checkpoint
from core.workers import playback
from core.workers.control import ask_to_resume
from tests.core.running import kinds
from tests.core.workers.session.sessions import at, everything, new
from tests.helpers import assert_one_sentence, wait_until

SITUATIONS = {
    "plain": {},
    "average, bfloat16 and MixUp": {
        "architecture": {"name": "improved_cnn", "channels": [4]},
        "augmentation": {"mixup": 0.3},
        "training": {"average_decay": 0.9, "precision": "bfloat16"},
        "schedule": "one_cycle",
    },
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_run_paused_after_every_second_step_ends_as_if_never_paused(name, train, runs_folder):
    settings = {**SITUATIONS[name], "epochs": 2}
    whole, _ = train(**settings)
    run = create_run(whole.config(), runs_folder)
    sessions, end = 0, {"event": "paused"}
    while end["event"] == "paused" and sessions < 20:  # a pause that saves nothing would never end
        steps = []

        def listen(event, steps=steps):
            steps.extend([event] if event["event"] == "step" else [])
            if len(steps) == 2:
                run.request_pause()

        _, end = train(run, listen)
        sessions += 1
    assert end["event"] == "finished" and sessions >= 5
    assert everything(run.last) == everything(whole.last) and everything(run.best) == everything(whole.best)
    mine, theirs = History(run).update(), History(whole).update()
    assert (mine.steps, mine.losses) == (theirs.steps, theirs.losses)
    timeless = ("time", "seconds", "memory_bytes")
    for one, other in zip([*mine.epochs, mine.test], [*theirs.epochs, theirs.test], strict=True):
        assert {k: v for k, v in one.items() if k not in timeless} == {
            k: v for k, v in other.items() if k not in timeless
        }
    assert kinds(run).count("started") == 1 and kinds(run).count("resumed") == sessions - 1


def test_a_pause_says_where_and_removes_its_request(train, runs_folder):
    run = new(runs_folder, epochs=3)
    _, end = train(run, at("step", run.request_pause, step=7))
    assert end["event"] == "paused" == run.status().name
    assert_one_sentence(end["message"], "Paused by request at step 7 of 15", "when you resume it")
    assert not run.pause_request.exists()
    assert load_checkpoint(run.last)["step"] == 7 and History(run).update().steps[-1] == 7


def test_a_pause_while_pictures_are_prepared_begins_with_them_again(train, runs_folder):
    resnet = {"name": "resnet18", "weights": "random", "train": "head"}
    run = new(runs_folder, architecture=resnet)
    _, end = train(run, at("preparing", run.request_pause))
    assert end["event"] == "paused" and not run.last.exists()
    assert train(run)[1]["event"] == "finished"
    assert kinds(run).count("started") == 2 and History(run).update().steps == [1, 2, 3, 4, 5]


def test_a_pause_while_testing_only_tests_again(train, runs_folder, monkeypatch):
    run = new(runs_folder)
    testing = scoring.evaluate_checkpoint
    monkeypatch.setattr(scoring, "evaluate_checkpoint", lambda *arguments: run.request_pause() or testing(*arguments))
    _, end = train(run)
    assert end["event"] == "paused"
    assert_one_sentence(end["message"], "while testing")
    before = run.last.read_bytes()
    monkeypatch.setattr(scoring, "evaluate_checkpoint", testing)
    assert train(run)[1]["event"] == "finished"
    assert run.last.read_bytes() == before
    assert History(run).update().test["images"] == 360 and History(run).update().steps == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("how", ["pause", "stop"])
def test_a_validation_within_an_epoch_is_left_at_once_and_the_weights_are_the_same(
    how, train, runs_folder, monkeypatch
):
    settings = {"epochs": 2, "training": {"evaluation_batch_size": 1}}
    whole, _ = train(**{**settings, "training": {"evaluation_batch_size": 1, "validate_every": "epoch"}})
    assert "validation" not in kinds(whole)
    run = new(runs_folder, **{**settings, "training": {"evaluation_batch_size": 1, "validate_every": "3"}})
    validate, measured = Between.validate, []

    def asked(self, measure):
        for happened in validate(self, measure):
            measured.append(happened)
            if happened.done == 5:
                (run.request_pause if how == "pause" else run.request_stop)()
            yield happened

    monkeypatch.setattr(Between, "validate", asked)
    monkeypatch.setattr(requests, "POLL_SECONDS", 0)
    _, end = train(run)
    assert end["event"] == {"pause": "paused", "stop": "stopped"}[how]
    assert_one_sentence(end["message"].split(";")[0] + ".", "at step 3 of 10")
    assert [happened.done for happened in measured] == [1, 2, 3, 4, 5], "of 142"
    assert load_checkpoint(run.last)["step"] == 3 and "validation" not in kinds(run)
    monkeypatch.setattr(Between, "validate", validate)
    ask_to_resume(run)
    assert train(run)[1]["event"] == "finished"
    assert everything(run.last) == everything(whole.last) and everything(run.best) == everything(whole.best)
    history = History(run).update()
    assert history.within_epochs("val/accuracy")[0].tolist() == [6, 9] and len(history.epochs) == 2
    best, expected = history.best_epoch(), History(whole).update().best_epoch()
    assert (best["epoch"], best["val/loss"]) == (expected["epoch"], expected["val/loss"])


def test_slow_motion_goes_on_where_it_was(train, runs_folder, monkeypatch):
    """A run left at the end of an epoch must not begin with waiting for as long as the epoch had taken."""
    waits, clock = [], Mock()
    clock.monotonic.return_value = 0.0

    def sleep(seconds):
        clock.monotonic.return_value += seconds

    def wait(*arguments, of=playback.PlaybackClock.wait):
        before = clock.monotonic()
        of(*arguments)
        waits.append(clock.monotonic() - before)

    clock.sleep = sleep
    monkeypatch.setattr(playback, "time", clock)
    monkeypatch.setattr(playback.PlaybackClock, "wait", wait)
    run = new(runs_folder, epochs=2, training={"epoch_seconds": 500})
    train(run, at("step", run.request_pause, step=4))
    assert waits[:3] == pytest.approx([100] * 3, abs=1)
    waits.clear()
    train(run)
    assert waits[0] == pytest.approx(100, abs=1), "from the fourth step to the fifth"
    assert waits[1:3] == pytest.approx([0, 100], abs=1), "and from the beginning of an epoch to its first"


def test_more_epochs_renew_the_test_and_the_config(train, runs_folder):
    run, _ = train(epochs=2)
    first = load_checkpoint(run.last)
    ask_to_resume(run, more_epochs=5)
    begun = []
    _, end = train(run, lambda event: begun.append(event) if event["event"] == "resumed" else None)
    assert_one_sentence(end["message"], "Trained 7 epochs")
    assert (begun[0]["step"], begun[0]["epoch"], begun[0]["epochs"]) == (10, 2, 7)
    assert run.config().training.epochs == 7 == load_checkpoint(run.last)["epoch"]
    history = History(run).update()
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3, 4, 5, 6, 7]
    tests = [event for event in run.events()[0] if event["event"] == "test"]
    assert len(tests) == 2 and history.test == tests[1]
    assert tests[1]["from_epoch"] == history.best_epoch()["epoch"]
    assert first["step"] == 10


def test_patience_begins_anew_with_the_epochs_that_were_added(train):
    settings = {"epochs": 9, "optimizer": {"name": "sgd", "learning_rate": 1e-9}, "training": {"patience": 2}}
    run, end = train(**settings)
    assert_one_sentence(end["message"], "Trained 3 of 9")
    ask_to_resume(run, more_epochs=1)
    assert_one_sentence(train(run)[1]["message"], "Trained 5 of 10")


def test_a_pause_does_not_make_it_more_patient(train, runs_folder):
    settings = {"epochs": 9, "optimizer": {"name": "sgd", "learning_rate": 1e-9}, "training": {"patience": 3}}
    run = new(runs_folder, **settings)
    train(run, at("epoch", run.request_pause, epoch=3))
    assert_one_sentence(train(run)[1]["message"], "Trained 4 of 9")


def rates(run):
    return {event["step"]: event["learning_rate"] for event in run.events()[0] if event["event"] == "step"}


def test_a_learning_rate_asked_for_with_the_resume_counts_from_the_first_step(train, runs_folder):
    """After a loss that became NaN, one more step of the old length would be one too many."""
    run = new(runs_folder, optimizer={"name": "sgd", "learning_rate": 0.5}, schedule="constant")
    train(run, at("step", run.request_pause, step=2))
    ask_to_resume(run, learning_rate=0.01)
    train(run)
    assert rates(run) == pytest.approx({1: 0.5, 2: 0.5, 3: 0.01, 4: 0.01, 5: 0.01})
    (change,) = History(run).update().learning_rates
    assert (change["step"], change["learning_rate"]) == (2, 0.01)


def test_a_change_counts_from_the_next_step_on_under_the_schedule(train, runs_folder):
    schedule = {"name": "step", "every": 1, "gamma": 0.5}
    run = new(runs_folder, epochs=2, optimizer={"name": "sgd", "learning_rate": 0.4}, schedule=schedule)
    train(run, at("step", lambda: run.request_learning_rate(0.08), step=3))
    assert [rates(run)[step] for step in (3, 4, 5, 6, 10)] == pytest.approx([0.4, 0.08, 0.08, 0.04, 0.04])
    assert load_checkpoint(run.last)["resume"]["learning_rate"] == 0.08
    assert run.config().optimizer.learning_rate == 0.4, "the config says how it began"


def test_a_change_is_kept_even_if_the_process_dies_at_once(train, runs_folder):
    run = new(runs_folder, optimizer={"name": "sgd", "learning_rate": 0.4})
    kept = []

    def listen(event):
        if event["event"] == "learning_rate":
            assert not run.last.exists()
        elif event["event"] == "step" and event["step"] == 2:
            run.request_learning_rate(0.08)
        elif event["event"] == "step" and event["step"] == 4:  # still within the first epoch
            wait_until(run.last.exists)
            kept.append(load_checkpoint(run.last)["resume"]["learning_rate"])

    train(run, listen)
    assert kept == [0.08]
