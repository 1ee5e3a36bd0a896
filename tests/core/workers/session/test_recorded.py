"""Runs whose steps are recorded, as on a GPU: their logs and checkpoints are those of others."""

import pytest

from core.runs.events import read_events
from core.runs.history import History
from core.training import loop
from tests.core.training.tape import NOT_PERMITTED, Twin, recording_cpu  # noqa: F401
from tests.core.workers.session.sessions import at, new
from tests.helpers import assert_one_sentence

pytestmark = pytest.mark.usefixtures("recording_cpu")
SETTINGS = {"epochs": 4, "batch_size": 100, "optimizer": "adam", "schedule": "cosine"}


class Unable(Twin):
    def record(self, call):
        raise RuntimeError(NOT_PERMITTED)


def epochs(run):
    return [(epoch["train/loss"], epoch["val/loss"]) for epoch in History(run).update().epochs]


def test_a_recorded_run_is_written_down_and_goes_on_as_any_other(train, runs_folder, monkeypatch):
    plain, _ = train(**SETTINGS)
    twins = []
    monkeypatch.setattr(loop, "recorder_for", lambda device: twins.append(Twin()) or twins[-1])
    run = new(runs_folder, **SETTINGS)
    assert train(run, at("epoch", run.request_pause, epoch=2))[1]["event"] == "paused"
    assert train(run)[1]["event"] == "finished"
    assert len(twins) == 2 and all(twin.played > 10 for twin in twins)
    for one, other in zip(epochs(run), epochs(plain), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    rates = [event["learning_rate"] for event in read_events(run.event_log)[0] if event["event"] == "step"]
    assert rates[-1] < rates[0] and not History(run).update().notices


def test_a_run_that_cannot_be_recorded_says_so_once(train, monkeypatch):
    monkeypatch.setattr(loop, "recorder_for", lambda device: Unable())
    run, end = train(**SETTINGS)
    assert end["event"] == "finished"
    [notice] = History(run).update().notices
    assert_one_sentence(notice["message"], "slower for a small network", NOT_PERMITTED, "what is learned is the same")
