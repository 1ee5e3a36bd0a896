"""A computer that leaves pauses what it trains: by a signal where there are any, else by a request in the run's folder."""

import os

import pytest

from core.machine.processes import name_process
from core.nodes import leaving
from core.nodes.tended_note import Tended, keep_note
from core.runs import events
from core.runs.events import EventWriter
from core.runs.store import create_run
from tests.helpers import quick_config


@pytest.fixture
def run(runs_folder):
    """One that this very process seems to train."""
    run = create_run(quick_config(), runs_folder)
    keep_note(run.folder, Tended(1))
    run.worker_pid.touch()
    name_process(run.worker_pid, os.getpid())
    return run


@pytest.mark.parametrize(
    ("kind", "can", "asks"),
    [("step", True, False), ("notice", True, False), ("step", False, True), ("", True, True)],
)
def test_a_training_pauses_by_a_signal_if_it_can_hear_one(kind, can, asks, run, runs_folder, monkeypatch):
    told = []
    monkeypatch.setattr(leaving, "tell_to_end", lambda pid: told.append(pid) or can)
    log = EventWriter(run.event_log)
    if kind:
        log.write(kind, step=1)
    log.close()
    assert not leaving.pause_all(runs_folder)
    assert run.pause_request.exists() == asks and told == ([os.getpid()] if kind else [])


def test_what_has_ended_is_left_alone(run, runs_folder, monkeypatch):
    monkeypatch.setattr(leaving, "tell_to_end", lambda pid: pytest.fail("it has ended"))
    log = EventWriter(run.event_log)
    log.write(events.FINISHED, message="Done.")
    log.close()
    assert not leaving.pause_all(runs_folder) and not run.pause_request.exists()
