"""The process of a run: real workers that finish, pause and outlive their starter."""

import os
import re
import subprocess
import sys

import psutil
import pytest

from core.errors import TrainDeskError
from core.inference.classifier import Classifier
from core.machine import processes
from core.paths import HOME
from core.runs.history import History
from core.runs.store import create_run
from core.training.checkpoints import load_checkpoint
from core.workers import playback, worker
from core.workers.control import ask_to_resume
from core.workers.launch import launch
from tests.core.running import kinds, last_step, same_weights
from tests.helpers import PATIENCE, assert_one_sentence, has_ended, quick_config, wait_until

NETWORK = {"architecture": {"name": "improved_cnn", "channels": [4]}, "augmentation": {"shift": 0.1}}


@pytest.fixture
def started(data_folder):
    """Starts workers as the dashboard does, and kills what is left of them after the test."""
    children = []

    def start(run):
        launch(run, data_folder)
        children.append(processes.children()[-1])
        return children[-1]

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait(PATIENCE)


STARTER = """
import sys, pathlib
from core.machine import processes
from core.workers import launch
from core.runs.store import Run
launch.launch(Run(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]))
print(processes.children()[-1].pid, flush=True)
sys.stdin.read()
"""


def test_a_worker_outlives_its_starter_trains_to_the_end_and_leaves_everything(runs_folder, data_folder):
    """That its death is seen: test_worker_kills."""
    run = create_run(quick_config(epochs=3, title="Whole", training={"epoch_seconds": 1}), runs_folder)
    command = [sys.executable, "-c", STARTER, str(run.folder), str(data_folder)]
    starter = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(starter.stdout.readline()))
    try:
        assert run.status().name in ("starting", "running")
        assert os.getpgid(child.pid) != os.getpgid(0) and os.getsid(child.pid) == child.pid, (
            "it is in a group of its own"
        )
    finally:
        starter.kill()
        starter.communicate()
    wait_until(lambda: not run.status().is_active)
    assert run.status().name == "finished" and "3 epochs" in run.status().reason
    wait_until(lambda: has_ended(child))
    left = {path.name for path in run.folder.iterdir()}
    assert left == {
        *("config.json", "events.jsonl", "best.pt", "last.pt", "worker.log", "worker.lock"),
        *("looks", "network.json", "test_predictions.npz", "val_predictions.npz"),
    }
    assert run.worker_log.read_text() == ""
    history = History(run).update()
    assert kinds(run)[0] == "started" and kinds(run)[-2:] == ["test", "finished"]
    assert [epoch["epoch"] for epoch in history.epochs] == [1, 2, 3]
    assert history.progress() == 1.0
    assert history.steps == sorted(set(history.steps)) and history.steps[-1] == 60
    assert load_checkpoint(run.last)["epoch"] == 3
    assert load_checkpoint(run.best)["epoch"] == history.best_epoch()["epoch"] == history.test["from_epoch"]
    assert history.test["images"] == 360
    classifier = Classifier.load(run)
    assert classifier.config.title == "Whole"


def test_a_stop_request_is_followed_within_a_step_and_leaves_a_usable_network(runs_folder, data_folder, monkeypatch):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    run = create_run(quick_config(epochs=50), runs_folder)
    before = []

    def listen(event):
        if event["event"] == "step" and event["step"] >= 2 and not before:
            assert run.status().name == "running"
            before.append(event["step"])
            run.request_stop()

    assert worker.work(run, data_folder, listen)["event"] == "stopped"
    status = run.status()
    assert status.name == "stopped"
    assert_one_sentence(status.reason, "Stopped by request at step", "of 1,000", "the last state is kept")
    assert before[0] <= last_step(run) <= before[0] + 2
    assert load_checkpoint(run.last)["step"] == last_step(run)
    assert Classifier.load(run).predict([run.config().dataset.load(None).test_images[0].numpy()]).shape == (1, 10)
    assert not run.stop_request.exists()


def test_paused_by_request_and_by_a_signal_a_run_ends_as_if_never_paused(
    started, runs_folder, data_folder, monkeypatch
):
    settings = {**NETWORK, "epochs": 2, "training": {"epoch_seconds": 6}}
    run = create_run(quick_config(**settings), runs_folder)
    work = worker.work(run, data_folder, lambda event: last_step(run) >= 2 and run.request_pause())
    assert work["event"] == run.status().name == "paused"
    assert_one_sentence(run.status().reason, "Paused by request at step", "of 40", "resume")
    paused = last_step(run)
    assert load_checkpoint(run.last)["step"] == paused and not run.pause_request.exists()
    ask_to_resume(run)
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    child = started(run)
    assert run.status().name == "starting"
    wait_until(lambda: last_step(run) >= paused + 2)
    assert run.status().name == "running" and not run.starting_mark.exists()
    child.terminate()
    assert child.wait(PATIENCE) == 0
    assert run.status().name == "paused"
    assert_one_sentence(run.status().reason, "its process was told to end", "resume")
    assert load_checkpoint(run.last)["step"] == last_step(run)
    imported = re.findall(r"\S+$", run.worker_log.read_text(), re.MULTILINE)
    assert "torch" in imported and not {"torch._dynamo", "sympy", "sklearn", "torchvision"} & set(imported), (
        "for nothing"
    )
    monkeypatch.setattr(playback.PlaybackClock, "wait", lambda *_: None)
    whole = create_run(quick_config(**settings), runs_folder)
    for other in (run, whole):
        assert worker.work(other, data_folder)["event"] == "finished"
    assert same_weights(run.last, whole.last) and same_weights(run.best, whole.best)
    mine, theirs = (
        [[epoch[key] for key in ("epoch", "train/loss", "val/loss")] for epoch in History(each).update().epochs]
        for each in (run, whole)
    )
    assert mine == theirs and len(mine) == 2


def test_a_worker_that_cannot_be_started_is_one_sentence(runs_folder, monkeypatch):
    run = create_run(quick_config(), runs_folder)
    monkeypatch.setattr(processes.sys, "executable", str(runs_folder / "no python"))
    with pytest.raises(TrainDeskError) as caught:
        launch(run, runs_folder)
    assert_one_sentence(str(caught.value), "could not be started")
