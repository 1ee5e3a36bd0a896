"""What a session keeps and says when its numbers, the memory or the disk fail it."""

import errno
import os

import pytest
import torch

from core.runs import events
from core.runs.history import History
from core.training import checkpoints
from core.training.checkpoints import load_checkpoint
from core.training.optimizers import SGD
from core.workers import loop_follower, worker
from core.workers.control import ask_to_resume
from tests.core.running import finite, same_weights
from tests.core.workers.session.sessions import at, everything, new
from tests.helpers import assert_one_sentence


def explode_at(number):
    """An SGD whose update of that number throws the weights out of the numbers."""

    def build(self, groups):
        optimizer, calls = torch.optim.SGD(groups, lr=0.01), iter(range(1, 1000))

        def before(*_):
            if next(calls) == number:
                optimizer.param_groups[0].update(lr=float("inf"))

        optimizer.register_step_pre_hook(before)
        return optimizer

    return build


@pytest.mark.parametrize("number", [1, 4, 5, 8])
def test_a_network_that_leaves_the_numbers_replaces_no_checkpoint_in_the_middle_of_an_epoch(number, train, monkeypatch):
    monkeypatch.setattr(loop_follower, "LONGEST_LOSS", -1.0)  # a checkpoint after every step
    monkeypatch.setattr(SGD, "build", explode_at(number))
    run, end = train(epochs=3, optimizer={"name": "sgd", "learning_rate": 0.02})
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "at step", "with learning rate 0.02", "try 0.002 or less")
    assert run.last.exists() == (number > 1)
    if number > 1:
        assert finite(run.last) and load_checkpoint(run.last)["step"] == number - 1
        monkeypatch.undo()
        ask_to_resume(run, learning_rate=0.002)
        assert train(run)[1]["event"] == "finished"


def test_the_best_of_the_epoch_before_a_failure_is_on_the_disk(train, monkeypatch):
    """It was asked for a moment before; the process must not end while it is being written."""
    write = checkpoints.write_atomically

    def slowly(path, data, **how):
        loop_follower.time.sleep(0.2)
        write(path, data, **how)

    monkeypatch.setattr(checkpoints, "write_atomically", slowly)
    monkeypatch.setattr(SGD, "build", explode_at(6))
    run, end = train(epochs=3, optimizer="sgd")
    assert end["event"] == "failed"
    assert load_checkpoint(run.best)["epoch"] == load_checkpoint(run.last)["epoch"] == 1


def test_an_epoch_is_in_the_log_before_a_checkpoint_knows_of_it(train, runs_folder, monkeypatch):
    """Killed in between, the epoch happens again; the other way round it would be missing for ever."""
    write, missing = checkpoints.write_atomically, []
    run = new(runs_folder, epochs=4)

    def look(path, data, **how):
        write(path, data, **how)
        epoch = load_checkpoint(path)["epoch"]
        missing.extend({*range(1, epoch + 1)} - {event["epoch"] for event in History(run).update().epochs})

    class AtOnce:
        """Instead of the thread: writes while the training waits."""

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def save(self, path, content):
            checkpoints.write_checkpoint(path, content)

        def check(self):
            pass

        wait = check

    monkeypatch.setattr(checkpoints, "write_atomically", look)
    monkeypatch.setattr("core.training.async_checkpoint.CheckpointWriter", AtOnce)
    assert train(run)[1]["event"] == "finished"
    assert missing == []


def test_short_memory_is_said_once_and_remembered(tight, train, runs_folder):
    run = new(runs_folder, epochs=2, **tight(100))
    train(run, at("step", run.request_pause, step=3))
    assert load_checkpoint(run.last)["resume"]["pieces"] == 4
    assert train(run)[1]["event"] == "finished"
    notices = [notice["message"] for notice in History(run).update().notices]
    assert len(notices) == 2, "the second half of the run knows"
    assert_one_sentence(notices[1], "300 images does not fit", "in 4 pieces", "the arithmetic stays the same")
    roomy, _ = train(epochs=2, **tight(1000))
    one, other = (load_checkpoint(path)["model"] for path in (run.last, roomy.last))
    for name, weights in one.items():
        torch.testing.assert_close(weights, other[name], rtol=1e-3, atol=1e-5)


def test_too_short_memory_is_one_sentence(tight, train):
    _, end = train(**tight(0))
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "not enough memory", "even with 1 image at a time")


def full(path="last.pt"):
    return OSError(errno.ENOSPC, "No space left on device", str(path))


@pytest.mark.parametrize("where", ["open", "fsync", "replace"])
def test_a_disk_that_fills_up_pauses_the_run_and_leaves_its_checkpoint(where, train, runs_folder, monkeypatch):
    run = new(runs_folder, epochs=6)
    train(run, at("epoch", run.request_pause, epoch=2))
    before = everything(run.last)

    def fails(*_, **__):
        raise full()

    with monkeypatch.context() as patch:
        if where == "open":
            patch.setattr(checkpoints, "write_atomically", fails)
        else:
            patch.setattr(os, where, fails)
        _, end = train(run)
    assert end["event"] == "paused" == run.status().name
    assert_one_sentence(end["message"], "disk is full", "the last checkpoint is intact", "free some space and resume")
    assert everything(run.last) == before
    assert not list(run.folder.glob(".*.tmp"))
    assert train(run)[1]["event"] == "finished"
    assert same_weights(run.last, train(epochs=6)[0].last)


@pytest.mark.parametrize("when", ["from the start", "later"])
def test_a_disk_too_full_for_the_log_too_is_said_where_the_worker_prints(when, train, runs_folder, monkeypatch, capsys):
    run = new(runs_folder, epochs=3)
    write = events.EventWriter.write

    def full_log(self, kind, **values):
        if when == "from the start" or kind not in ("started", "step"):
            raise full("events.jsonl")
        return write(self, kind, **values)

    with monkeypatch.context() as patch:
        patch.setattr(events.EventWriter, "write", full_log)
        _, end = train(run)
    assert end["event"] == "paused"
    said = capsys.readouterr().err
    assert "the disk is full" in said and "No space left on device" in said and "Traceback" not in said
    assert run.status().name == "interrupted" and not run.worker_is_alive(), "its lock is free"
    assert train(run)[1]["event"] == "finished"
    assert [epoch["epoch"] for epoch in History(run).update().epochs] == [1, 2, 3]


def test_a_log_that_cannot_be_opened_is_one_sentence(runs_folder, capsys):
    run = new(runs_folder)
    run.event_log.mkdir()
    assert worker.main([str(run.folder), "--data", str(runs_folder)]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), run.id, "cannot be written")
    assert not run.worker_is_alive()


def test_what_a_killed_worker_left_half_written_is_removed_and_nothing_else(train, runs_folder):
    run = new(runs_folder)
    for name in (
        ".last.pt.123.tmp",
        ".best.pt.4.tmp",
        ".test_predictions.npz.7.tmp",
        ".config.json.5.tmp",
        "notes.pt.tmp",
    ):
        (run.folder / name).write_bytes(b"half")
    train(run)
    left = {path.name for path in run.folder.iterdir()}
    assert left == {
        *("config.json", "events.jsonl", "best.pt", "last.pt", "worker.lock"),
        *("looks", "network.json", "test_predictions.npz", "val_predictions.npz"),
        *(".config.json.5.tmp", "notes.pt.tmp"),
    }


@pytest.mark.parametrize("content", [b"", b"PK", b"These are no weights."])
def test_a_damaged_last_checkpoint_fails_in_one_sentence_and_stays(content, train):
    run, _ = train()
    run.last.write_bytes(content)
    ask_to_resume(run, more_epochs=1)
    _, end = train(run)
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "last.pt")
    assert run.last.read_bytes() == content and run.best.exists()
