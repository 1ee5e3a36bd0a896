"""Which runs are being trained."""

import pytest

from core.runs import active_runs as module
from core.runs.active_runs import active_runs
from core.runs.events import EventWriter
from tests.pages.fake_runs import STATUSES, fake_run, running


def test_those_with_a_worker_at_work_or_on_its_way(runs_folder):
    runs = {status: fake_run(runs_folder, status) for status in STATUSES}
    assert {run.id for run in active_runs(runs_folder)} == {
        run.id for run in runs.values() if run.status().is_active and not run.is_example()
    }
    run = runs["finished"]
    with running(run):
        assert run in active_runs(runs_folder)
    EventWriter(run.event_log).write("finished", message="Done.")
    assert run not in active_runs(runs_folder)


@pytest.mark.parametrize("begins", ["is launched", "says so"])
def test_one_that_ended_is_not_read_again_until_it_begins_anew(begins, runs_folder, monkeypatch):
    run = fake_run(runs_folder, "finished")
    assert active_runs(runs_folder) == []
    read = []
    last_event = module.last_event
    monkeypatch.setattr(module, "last_event", lambda log: read.append(log) or last_event(log))
    assert active_runs(runs_folder) == [] == read
    if begins == "is launched":
        run.starting_mark.touch()
        assert active_runs(runs_folder) == [run]
    else:
        EventWriter(run.event_log).write("resuming")
        assert active_runs(runs_folder) == [] and read, "its log was read: nobody holds its lock"
