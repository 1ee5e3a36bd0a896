"""The commands that ask for another computer: submit, resume and queue."""

import pytest

from core.runs.placement import Placement, placement_of, write_placement
from core.runs.queue import enqueue, read_queued_run, waiting
from core.runs.store import create_run, list_runs
from core.workers import dispatch
from tests.computers import away, joined, lost_run
from tests.helpers import assert_one_sentence, document, quick_config
from tests.pages.fake_runs import fake_run

FAST = ["dataset=digits", "epochs=2", "architecture=mlp", "hidden=16"]


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch):
    monkeypatch.setattr(dispatch, "start_detached", lambda *_, **__: None)


def well(result):
    status, out, err = result
    assert (status, err) == (0, ""), err
    return out.strip()


def refused(result, *parts):
    status, _, err = result
    assert status
    assert_one_sentence(err.strip(), *parts)


def test_a_run_is_submitted_to_a_computer(call, runs_folder):
    joined(runs_folder, "lab-3")
    given = document(well(call("submit", "--recipe", "digits", "--set", *FAST, "--computer", "lab-3", "--json")))
    assert given["started"] and given["computer"] == "lab-3"
    [run] = list_runs(runs_folder)
    assert placement_of(run.folder).computer == "lab-3"
    assert document(well(call("runs", "--json")))[0]["computer"] == "lab-3"


def test_a_computer_that_never_joined_is_refused_before_anything_is_stored(call, runs_folder):
    joined(runs_folder, "lab-4")
    refused(call("submit", "--recipe", "digits", "--computer", "lab-3"), "no computer 'lab-3'", "lab-4")
    refused(
        call("submit", "--recipe", "digits", "--set", "device=cuda:1", "--computer", "lab-4"),
        "'cuda:1' is not on lab-4",
    )
    assert not list_runs(runs_folder)


def test_a_run_that_waits_is_sent_to_a_computer_and_back(call, runs_folder):
    away(runs_folder, "lab-3")
    run = create_run(quick_config(), runs_folder)
    enqueue(run)
    assert "for lab-3" in well(call("queue", run.id, "--computer", "lab-3"))
    assert read_queued_run(run).computer == "lab-3"
    assert "for this computer" in well(call("queue", run.id, "--computer", "here"))
    assert ", for" not in well(call("queue", run.id, "--computer", "any"))
    refused(call("queue", run.id, "--computer", "lab-9"), "no computer 'lab-9'")
    refused(call("queue", "--computer", "lab-3"), "needs to know which run")


def test_a_lost_run_is_resumed_elsewhere(call, runs_folder):
    run = lost_run(runs_folder, "lab-3")
    joined(runs_folder, "lab-4")
    assert_one_sentence(well(call("resume", run.id, "--computer", "lab-4")), "started on lab-4")
    now = placement_of(run.folder)
    assert now.computer == "lab-4" and now.generation > 7


def test_a_run_resumed_here_is_this_computers(call, runs_folder, monkeypatch):
    run = fake_run(runs_folder, "paused")
    write_placement(run.folder, Placement("lab-3", 7, settled=True))
    monkeypatch.setattr("core.workers.worker.work", lambda *_: {"event": "finished", "message": "Done."})
    well(call("resume", run.id))
    assert placement_of(run.folder).computer == "" and not waiting(runs_folder)
