"""A disk that fills up, one that is read-only, a clock that jumps: said in one sentence, and nothing is lost."""

from __future__ import annotations

import pytest

from core.errors import TrainDeskError
from core.runs.history import History
from core.runs.metadata import change_metadata
from core.runs.queue import waiting
from core.runs.store import create_run, list_runs
from core.runs.trash import delete_run
from core.workers import dispatch
from core.workers.control import ask_to_resume
from core.workers.dispatch import set_cpu_runs, submit
from core.workers.launch import launch
from tests.faults.checks import assert_whole
from tests.faults.conftest import SLOW, remount
from tests.helpers import assert_one_sentence, quick_config, wait_until

BIG = {"name": "mlp", "hidden": [512]}  # a checkpoint of half a megabyte


def train(run, data_folder):
    launch(run, data_folder)
    return run


def fill(disk, leave=0):
    """Takes all space but so many bytes."""
    with (disk / "filler").open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            file.truncate(max(0, file.tell() - leave))


@pytest.mark.parametrize("leave", [20_000, 0], ids=["a little", "not a byte"])
def test_a_full_disk_pauses_the_run_and_it_goes_on_when_there_is_space(leave, small_disk, data_folder):
    run = create_run(quick_config(epochs=4, architecture=BIG, training=SLOW), small_disk)
    train(run, data_folder)
    wait_until(lambda: run.last.exists())
    fill(small_disk, leave)
    wait_until(lambda: not run.status().is_active)
    assert run.status().name == "paused"
    assert_one_sentence(run.status().reason, "disk is full", "free some space and resume")
    assert run.last.stat().st_size > 100_000, "the checkpoint from before is intact"
    (small_disk / "filler").unlink()
    ask_to_resume(run)
    train(run, data_folder)
    wait_until(lambda: run.status().name == "finished")
    assert_whole(run)


@pytest.mark.parametrize(
    "action",
    [
        lambda run, data: submit(run, data),
        lambda run, data: launch(run, data),
        lambda run, data: ask_to_resume(run, more_epochs=1),
        lambda run, data: change_metadata(run, title="Other"),
        lambda run, data: delete_run(run),
        lambda run, data: create_run(run.config(), run.folder.parent),
        lambda run, data: set_cpu_runs(run.folder.parent, 2),
    ],
    ids=["start", "launch", "more epochs", "rename", "delete", "new", "setting"],
)
def test_on_a_read_only_disk_everything_can_be_seen_and_what_cannot_be_done_is_one_sentence(
    action, small_disk, data_folder, monkeypatch
):
    monkeypatch.setattr(dispatch, "disk_problem", lambda runs_folder: "")  # this disk is small
    run = create_run(quick_config(), small_disk)
    remount(small_disk, "ro")
    with pytest.raises(TrainDeskError) as caught:
        action(run, data_folder)
    assert_one_sentence(str(caught.value), "Read-only file system")
    assert list_runs(small_disk) == [run] and run.status().name == "stopped" and not waiting(small_disk)
    remount(small_disk, "rw")
    action(run, data_folder)
    wait_until(lambda: not run.status().is_active)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["a day back", "a day forward"])
def test_a_clock_that_jumps_while_it_trains_changes_nothing(jump, runs_folder, data_folder, shifted_clock):
    run = create_run(quick_config(epochs=3, training=SLOW), runs_folder)
    train(run, data_folder)
    wait_until(lambda: run.status().name == "running")
    shifted_clock(jump)
    wait_until(lambda: run.status().name == "finished")
    assert_whole(run)
    times = [event["time"] for event in run.events()[0]]
    assert times == sorted(times) and times[-1] - times[0] < 80_000, "no time in the log jumps with it"
    ask_to_resume(run, more_epochs=1)
    train(run, data_folder)
    wait_until(lambda: run.status().name == "finished")
    assert abs(run.events()[0][-1]["time"] - times[0]) > 80_000, "it did jump, as the next process sees"
    assert 3 < History(run).update().elapsed() < 80_000
