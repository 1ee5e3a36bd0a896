"""An old result stands until a better one replaces it, whatever becomes of the attempt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.runs.history import History
from core.runs.store import Run, create_run
from core.runs.summary import summarise
from core.workers import worker
from core.workers.control import ask_to_resume
from tests.core.running import kinds
from tests.helpers import quick_config, wait_until


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder, patterns):
    """Only to be copied."""
    config = quick_config(epochs=2, dataset={"name": "own_images", "source": patterns.id}, batch_size=8)
    run = create_run(config, tmp_path_factory.mktemp("trained"))
    assert worker.work(run, data_folder)["event"] == "finished"
    return run


@pytest.fixture
def finished(trained, runs_folder):
    return Run(Path(shutil.copytree(trained.folder, runs_folder / trained.id)))


def result(run):
    summary = summarise(run, History(run).update(), run.status().name, "")
    assert summary.epochs and summary.seconds and summary.sparks and summary.has_checkpoint
    return summary.test_accuracy, (run.folder / "test_predictions.npz").read_bytes()


def stopped_at_once(run, data_folder):
    run.request_stop()
    return worker.work(run, data_folder)["event"]


def without_pictures(run, data_folder):
    return worker.work(run, data_folder / "nothing")["event"]


def anew_without_pictures(run, data_folder):
    run.last.unlink()
    return without_pictures(run, data_folder)


def anew_without_memory(run, data_folder):
    run.last.unlink()
    with pytest.MonkeyPatch.context() as patch:
        for place in ("setup.add_gradients", "dense.DenseStep.add_gradients"):
            patch.setattr(f"core.training.{place}", short)
        return worker.work(run, data_folder)["event"]


def short(*_):
    raise RuntimeError("could not create a primitive")


@pytest.mark.parametrize("attempt", [stopped_at_once, without_pictures, anew_without_pictures, anew_without_memory])
def test_the_test_scores_stay_after_more_epochs_that_came_to_nothing(attempt, finished, data_folder, monkeypatch):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    before = result(finished)
    ask_to_resume(finished, more_epochs=50)
    assert attempt(finished, data_folder) in ("stopped", "failed")
    assert kinds(finished).count("test") == 1 and before[0] is not None
    assert result(finished) == before


def test_a_better_network_is_tested_at_the_end_and_until_then_the_scores_are_named_with_their_epoch(
    runs_folder, data_folder, monkeypatch
):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    finished = create_run(quick_config(epochs=1), runs_folder)
    assert worker.work(finished, data_folder)["event"] == "finished"
    old = History(finished).update().test["from_epoch"]
    ask_to_resume(finished, more_epochs=30)
    with monkeypatch.context() as patch:
        better = lambda _: "stop" if History(finished).update().outdated_test() else None  # noqa: E731
        patch.setattr(worker.Requests, "end", better)
        assert worker.work(finished, data_folder)["event"] == "stopped", "no later epoch was better"
    history = History(finished).update()
    assert history.outdated_test() == old == history.test["from_epoch"]
    assert summarise(finished, history, "stopped", "").test_epoch == old
    ask_to_resume(finished)
    wait_until(lambda: worker.work(finished, data_folder)["event"] == "finished")
    assert History(finished).update().outdated_test() is None and kinds(finished).count("test") == 2
