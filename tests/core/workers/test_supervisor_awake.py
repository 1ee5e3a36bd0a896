"""Whoever trains or serves the queue keeps the computer awake, and no longer."""

import contextlib

import pytest

from core.cli import training
from core.runs.queue import enqueue
from core.runs.store import create_run
from core.workers import supervisor, worker
from tests.helpers import quick_config


@pytest.fixture
def held(monkeypatch):
    """Whether the computer is kept awake: a list that is empty when it is not."""
    held = []

    @contextlib.contextmanager
    def awake(why):
        held.append(why)
        yield
        held.pop()

    for module in (worker, supervisor, training):
        monkeypatch.setattr(module, "awake", awake)
    return held


@pytest.fixture
def run(runs_folder):
    return create_run(quick_config(), runs_folder)


@pytest.mark.parametrize("devices", [1, 2])
def test_a_worker_holds_it_while_it_trains(devices, held, run, data_folder, monkeypatch):
    seen = []
    monkeypatch.setattr(worker, "devices_of", lambda run: devices)
    monkeypatch.setattr(worker, "work", lambda *_, **__: seen.extend(held) or {"event": "finished"})
    monkeypatch.setattr(worker, "train_in_ranks", lambda *_: seen.extend(held) or 0)
    assert worker.main([str(run.folder), "--data", str(data_folder)]) == 0
    assert len(seen) == 1 and not held


def test_so_does_who_serves_the_queue(held, run, runs_folder, data_folder, monkeypatch):
    seen = []

    def dispatch(*_):
        seen.extend(held)
        run.queue_place.unlink()
        raise supervisor.TrainDeskError("served")

    monkeypatch.setattr(supervisor, "INTERVAL", 0)
    monkeypatch.setattr(supervisor, "dispatch", dispatch)
    enqueue(run, "")
    assert supervisor.main(["--runs", str(runs_folder), "--data", str(data_folder)]) == 0
    assert len(seen) == 1 and not held


def test_and_a_training_from_the_command_line(held, call, data_folder, runs_folder, monkeypatch):
    seen = []

    def work(run, data, listen):
        seen.extend(held)
        return {"event": "finished", "message": "Done."}

    monkeypatch.setattr(worker, "work", work)
    call("train", "--recipe", "digits", "--set", "dataset=digits", "device=cpu")
    assert len(seen) == 1 and not held
