"""Fixtures of the tests of a session."""

import pytest

from core.runs.store import create_run
from core.training import event_recorder
from core.workers import worker
from tests.core.workers.session.sessions import QUICK
from tests.helpers import quick_config


@pytest.fixture(autouse=True)
def _seen_at_once(monkeypatch):
    """Requests are seen after every step, and every step is in the log."""
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)
    monkeypatch.setattr(event_recorder, "LONGEST_SILENCE", -1)


@pytest.fixture
def train(runs_folder):
    """Trains a run, or a new one of these settings, and gives it with its last event."""

    def start(run=None, listen=lambda event: None, **settings):
        run = run or create_run(quick_config(**{**QUICK, **settings}), runs_folder)
        return run, worker.work(run, runs_folder / "data", lambda event: listen(event))

    return start
