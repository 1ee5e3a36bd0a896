"""Runs that are left and gone on with: pause, crash, more epochs, another learning rate."""

import pytest

from core.errors import TrainDeskError
from core.runs.history import History
from core.runs.store import create_run
from core.training.checkpoints import load_checkpoint
from core.workers import worker
from core.workers.control import ask_to_resume, check_learning_rate
from tests.core.running import kinds, same_weights
from tests.helpers import assert_one_sentence, made_at, quick_config

NETWORK = {"architecture": {"name": "improved_cnn", "channels": [4]}, "optimizer": "adam", "batch_size": 100}


def work(run, runs_folder):
    return worker.work(run, runs_folder / "data")


def whole(runs_folder, **settings):
    """The same training without an interruption."""
    run = create_run(quick_config(**settings), runs_folder)
    assert work(run, runs_folder)["event"] == "finished"
    return run


def each_once(run):
    """Steps rise, epochs come once each, in order."""
    history = History(run).update()
    assert history.steps == sorted(set(history.steps))
    assert [epoch["epoch"] for epoch in history.epochs] == list(range(1, len(history.epochs) + 1))
    return history


def pause_at(run, runs_folder, step):
    """Trains a run here and asks for a pause when so many steps are in its log."""

    def listen(event):
        if event.get("step", 0) >= step:
            run.request_pause()

    return worker.work(run, runs_folder / "data", listen)


def test_a_run_paused_in_the_middle_of_an_epoch_ends_as_if_never_paused(runs_folder, monkeypatch):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    settings = {**NETWORK, "epochs": 4, "schedule": "cosine", "augmentation": {"shift": 0.1}}
    settings["training"] = {"epoch_seconds": 0.4}  # seconds: without, the log shows a step and the epoch is over
    run = create_run(quick_config(**settings), runs_folder)
    end = pause_at(run, runs_folder, 17)
    assert end["event"] == run.status().name == "paused"
    assert_one_sentence(end["message"], "Paused by request at step", "of 52", "resume")
    left = load_checkpoint(run.last)
    assert 0 < left["resume"]["batch"] < 13 and left["step"] >= 17
    assert not run.pause_request.exists()
    assert work(run, runs_folder)["event"] == "finished"
    other = whole(runs_folder, **settings)
    assert same_weights(run.last, other.last) and same_weights(run.best, other.best)
    kept = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "best")
    mine, theirs = each_once(run), each_once(other)
    assert [[epoch[key] for key in kept] for epoch in mine.epochs] == [[e[key] for key in kept] for e in theirs.epochs]
    assert kinds(run)[kinds(run).index("paused") :][1:3] == ["resuming", "resumed"]


def test_a_finished_run_trains_more_epochs(runs_folder):
    run = create_run(quick_config(epochs=2), runs_folder)
    work(run, runs_folder)
    with pytest.raises(TrainDeskError) as caught:
        ask_to_resume(run)
    assert_one_sentence(str(caught.value), "all its 2 epochs", "more epochs")
    made_at(run, 1e9)
    ask_to_resume(run, more_epochs=3)
    assert run.created() == 1e9, "a run that is lengthened does not become a new one"
    assert run.config().training.epochs == 5
    assert work(run, runs_folder)["event"] == run.status().name == "finished"
    assert not run.starting_mark.exists()
    history = each_once(run)
    assert len(history.epochs) == 5 and kinds(run).count("test") == 2
    assert history.started["epochs"] == 5 and history.progress() == 1.0
    assert same_weights(run.last, whole(runs_folder, epochs=5).last)
    with pytest.raises(TrainDeskError) as caught:
        ask_to_resume(run, more_epochs=-1)
    assert_one_sentence(str(caught.value), "-1")


def test_a_learning_rate_changed_while_it_runs_counts_from_the_next_step_and_stays(runs_folder, monkeypatch):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)  # epochs of a few milliseconds
    settings = {"epochs": 6, "optimizer": {"name": "sgd", "learning_rate": 0.1}, "schedule": "step"}
    run = create_run(quick_config(**settings), runs_folder)

    def listen(event):
        if event["event"] == "epoch" and event["epoch"] == 2:
            run.request_learning_rate(0.02)
        if event["event"] == "epoch" and event["epoch"] == 4:
            run.request_pause()

    assert worker.work(run, runs_folder / "data", listen)["event"] == "paused"
    assert work(run, runs_folder)["event"] == "finished"
    history = each_once(run)
    (change,) = history.learning_rates
    assert change["learning_rate"] == 0.02 and 2 * 20 <= change["step"] <= 4 * 20
    rates = {e["step"]: e["learning_rate"] for e in run.events()[0] if e["event"] == "step"}
    assert {round(rate, 6) for step, rate in rates.items() if step <= 2 * 20} == {0.1}
    after = {round(rate, 6) for step, rate in rates.items() if step > change["step"] + 20 and step <= 5 * 20}
    assert after == {0.02}, "also after the pause"
    assert round(rates[max(rates)], 6) == 0.002, "the schedule takes its share of the new one: a tenth after 5 epochs"
    assert not run.learning_rate_request.exists()


@pytest.mark.parametrize("text", ["", "fast", "-1", "0", "nan", "inf"])
def test_what_is_no_learning_rate_is_passed_over(text, runs_folder):
    run = create_run(quick_config(epochs=1), runs_folder)
    run.learning_rate_request.write_text(text)
    assert work(run, runs_folder)["event"] == "finished"
    assert "learning_rate" not in kinds(run) and not run.learning_rate_request.exists()


@pytest.mark.parametrize("value", [0, -1, 11, float("nan")])
def test_a_wrong_learning_rate_is_told_before_it_is_asked_for(value, runs_folder):
    with pytest.raises(TrainDeskError) as caught:
        check_learning_rate(quick_config(), value)
    assert_one_sentence(str(caught.value), "Learning rate is", "above 0, at most 10")
    run = create_run(quick_config(), runs_folder)
    with pytest.raises(TrainDeskError):
        ask_to_resume(run, more_epochs=1, learning_rate=value)
    assert run.config().training.epochs == 1 and not run.learning_rate_request.exists()


def test_a_run_that_is_being_trained_is_not_resumed(runs_folder):
    run = create_run(quick_config(), runs_folder)
    run.starting_mark.touch()
    with pytest.raises(TrainDeskError) as caught:
        ask_to_resume(run, more_epochs=1)
    assert_one_sentence(str(caught.value), "being trained", "pause or stop")


def test_a_run_starts_from_the_best_network_of_an_earlier_one(runs_folder):
    earlier = whole(runs_folder, epochs=8, optimizer={"name": "adam", "learning_rate": 0.01})
    settings = {"epochs": 1, "optimizer": {"name": "sgd", "learning_rate": 1e-9, "momentum": 0}}
    run = whole(runs_folder, **settings, training={"start_from": earlier.id})
    began = History(run).update().epochs[0]
    best = History(earlier).update().best_epoch()
    assert began["val/accuracy"] == best["val/accuracy"] > 0.8
    newest = whole(runs_folder, **settings, training={"start_from": "latest"})
    assert History(newest).update().epochs[0]["val/accuracy"] == best["val/accuracy"], "the newest but itself"
    other = create_run(
        quick_config(architecture={"name": "mlp", "hidden": [5, 5]}, training={"start_from": earlier.id}), runs_folder
    )
    end = work(other, runs_folder)
    assert end["event"] == "failed"
    assert_one_sentence(end["message"])
    unknown = create_run(quick_config(training={"start_from": "nobody"}), runs_folder)
    assert_one_sentence(work(unknown, runs_folder)["message"], "There is no run 'nobody'")


def test_without_better_epochs_a_run_ends_early(runs_folder):
    settings = {"epochs": 50, "optimizer": {"name": "sgd", "learning_rate": 1e-9}, "training": {"patience": 3}}
    run = create_run(quick_config(**settings), runs_folder)
    end = work(run, runs_folder)
    assert_one_sentence(end["message"], "Trained 4 of 50", "the best was epoch 1")
    assert len(History(run).update().epochs) == 4
