"""A run on two devices as people start it: torchrun, its processes and what becomes of them when one is killed."""

import os
import signal

import psutil
import pytest
import torch

from core.machine.ranks import Ranks
from core.runs.history import History
from core.runs.store import create_run, write_config
from core.training.checkpoints import load_checkpoint
from core.workers import worker
from core.workers.control import ask_to_resume
from core.workers.ending import PauseRequested
from core.workers.launch import launch
from core.workers.session import TrainingSession
from core.workers.torchrun import devices_of
from tests.core.running import kinds, last_step
from tests.helpers import assert_one_sentence, has_ended, quick_config, wait_until

SETTINGS = {"epochs": 4, "batch_size": 100, "architecture": {"name": "improved_cnn", "channels": [4], "dropout": 0.3}}


@pytest.fixture(autouse=True)
def two_devices(monkeypatch):
    monkeypatch.setenv("TRAINDESK_CPU_DEVICES", "2")


@pytest.fixture
def started():
    """Starts a run and gives its processes: torchrun's, then the ranks in their order. None of them outlives the test."""
    found = []

    def start(run, data_folder):
        before = last_step(run)
        launch(run, data_folder)
        wait_until(lambda: last_step(run) > before, what="a step")
        first = psutil.Process(int(run.worker_pid.read_text().split()[1].rstrip(",")))
        agent = first.parent()
        ranks = sorted(agent.children(), key=lambda rank: rank != first)
        found.extend([agent, *ranks])
        return [agent, *ranks]

    yield start
    for process in found:
        if not has_ended(process):
            process.kill()


def test_one_that_is_killed_ends_it_in_a_sentence_and_it_goes_on_to_the_same_end(started, runs_folder, data_folder):
    """What becomes of the others when torchrun or the first is killed: tests.core.machine.test_ranks."""
    run, alone = (create_run(quick_config(**SETTINGS), runs_folder) for _ in range(2))
    assert worker.work(alone, data_folder)["event"] == "finished"

    # it begins on one device
    def pause(event):
        if event["event"] == "epoch":
            run.request_pause()

    assert worker.work(run, data_folder, pause)["event"] == "paused"

    # it goes on with two, of which the second is killed
    devices_in(run, 2, epoch_seconds=10)  # it must not have ended before
    ask_to_resume(run)
    _, first, second = processes = started(run, data_folder)
    heard = [each.laddr.ip for process in processes for each in process.net_connections() if each.status == "LISTEN"]
    assert set(heard) == {"127.0.0.1"}, "nobody else can reach them"
    shared = "Every batch is shared out over 2 devices: cpu, cpu."
    assert [event["message"] for event in History(run).update().notices] == [shared]
    opened = [{file.path for file in rank.open_files()} for rank in (first, second)]
    assert str(run.event_log) in opened[0]
    assert {path for path in opened[1] if path.startswith(str(run.folder))} <= {str(run.worker_log)}
    before = load_checkpoint(run.last)["epoch"]
    wait_until(lambda: load_checkpoint(run.last)["epoch"] > before, what="a checkpoint of two devices")
    os.kill(second.pid, signal.SIGKILL)
    wait_until(lambda: all(map(has_ended, processes)), 30, "all of them end")
    end = run.events()[0][-1]
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "Device 2 of 2 was lost", "resume the run")

    # and it goes on with one
    devices_in(run, 1)
    ask_to_resume(run)
    assert worker.work(run, data_folder)["event"] == "finished"
    assert kinds(run).count("resumed") == 2, "a checkpoint of one device is one of two devices, and the other way round"
    one, two = (History(each).update().epochs for each in (alone, run))
    assert [epoch["val/loss"] for epoch in two] == pytest.approx([epoch["val/loss"] for epoch in one], abs=1e-4)
    weights, expected = (load_checkpoint(each.last)["model"] for each in (run, alone))
    assert all(torch.allclose(weights[name], value, atol=1e-3) for name, value in expected.items())


def devices_in(run, count, epoch_seconds=0):
    changed = run.config().with_changes({"training.devices": count, "training.epoch_seconds": epoch_seconds})
    write_config(run, changed, run.created())


@pytest.mark.parametrize(
    ("was_killed", "kind", "said"), [(True, "failed", "Device 2 of 2 was lost"), (False, "paused", "resume")]
)
def test_a_signal_to_end_is_no_pause_where_another_rank_was_killed(
    was_killed, kind, said, runs_folder, data_folder, tmp_path, monkeypatch
):
    """torchrun ends the others by a signal as soon as one has died, which may come before any of them has seen that."""
    monkeypatch.setattr("core.machine.ranks.LOOK_SECONDS", 1000.0)  # so that the signal does
    run, (first, _) = create_run(quick_config(), runs_folder), [Ranks(tmp_path, rank, 2) for rank in range(2)]
    if was_killed:
        (tmp_path / "1").write_text('{"pid": 999999999, "started": 1.0}')

    def told_to_end(self):
        signal.raise_signal(signal.SIGTERM)
        raise PauseRequested("Paused after epoch 1; it goes on from there when you resume it.")

    monkeypatch.setattr(TrainingSession, "train", told_to_end)
    end = worker.work(run, data_folder, ranks=first)
    assert end["event"] == kind == run.status().name
    assert_one_sentence(end["message"], said)


def test_frozen_layers_leave_nothing_to_divide(runs_folder, data_folder, tmp_path):
    network = {"name": "efficientnet_lite0", "weights": "random", "train": "head"}
    settings = {"training_pictures": 3, "devices": 2}
    run = create_run(quick_config(architecture=network, batch_size=16, training=settings), runs_folder)
    ranks = Ranks(tmp_path, 0, 2)
    assert worker.work(run, data_folder, ranks=ranks)["event"] == "finished"
    assert Ranks(tmp_path, 1, 2).orders() is None, "the other one may go"
    assert "one device is used" in History(run).update().notices[0]["message"]


def test_more_devices_than_there_are_is_one_sentence(runs_folder, data_folder):
    run = create_run(quick_config(training={"devices": 3}), runs_folder)
    assert devices_of(run) == 1, "its worker says why not"
    end = worker.work(run, data_folder)
    assert kinds(run)[-1] == "failed"
    assert_one_sentence(end["message"], "Devices at once is 3", "2", "choose at most")
