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
from core.workers import launch as launching
from core.workers.control import ask_to_resume
from core.workers.dispatch import set_cpu_runs, submit
from core.workers.launch import launch
from core.workers.worker import work
from tests.faults.checks import assert_whole
from tests.faults.conftest import SLOW, remount
from tests.helpers import assert_one_sentence, quick_config

BIG = {"name": "mlp", "hidden": [512]}  # a checkpoint of half a megabyte


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

    def listen(event):
        if event["event"] == "step" and run.last.exists() and not (small_disk / "filler").exists():
            fill(small_disk, leave)

    work(run, data_folder, listen)
    assert run.status().name == "paused"
    assert_one_sentence(run.status().reason, "disk is full", "free some space and resume")
    assert run.last.stat().st_size > 100_000, "the checkpoint from before is intact"
    (small_disk / "filler").unlink()
    ask_to_resume(run)
    assert work(run, data_folder)["event"] == "finished"
    assert_whole(run)


@pytest.mark.parametrize(
    ("action", "is_start"),
    [
        (lambda run, data: submit(run, data), True),
        (lambda run, data: launch(run, data), True),
        (lambda run, data: ask_to_resume(run, more_epochs=1), False),
        (lambda run, data: change_metadata(run, title="Other"), False),
        (lambda run, data: delete_run(run), False),
        (lambda run, data: create_run(run.config(), run.folder.parent), False),
        (lambda run, data: set_cpu_runs(run.folder.parent, 2), False),
    ],
    ids=["start", "launch", "more epochs", "rename", "delete", "new", "setting"],
)
def test_on_a_read_only_disk_everything_can_be_seen_and_what_cannot_be_done_is_one_sentence(
    action, is_start, small_disk, data_folder, monkeypatch
):
    monkeypatch.setattr(dispatch, "disk_problem", lambda runs_folder: "")  # this disk is small
    started = []
    monkeypatch.setattr(launching, "_start_fresh", lambda run, _: started.append(run.starting_mark.unlink()))
    run = create_run(quick_config(), small_disk)
    remount(small_disk, "ro")
    with pytest.raises(TrainDeskError) as caught:
        action(run, data_folder)
    assert_one_sentence(str(caught.value), "Read-only file system")
    assert list_runs(small_disk) == [run] and run.status().name == "stopped" and not waiting(small_disk)
    assert not started
    remount(small_disk, "rw")
    action(run, data_folder)
    assert bool(started) == is_start


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["a day back", "a day forward"])
def test_a_clock_that_jumps_while_it_trains_changes_nothing(jump, runs_folder, data_folder, clock):
    run = create_run(quick_config(epochs=3, training=SLOW), runs_folder)
    heard = []

    def listen(event):
        heard.append(event["event"])
        if heard.count("step") == 2:
            clock.shift = jump

    assert work(run, data_folder, listen)["event"] == "finished"
    assert_whole(run)
    times = [event["time"] for event in run.events()[0]]
    assert times == sorted(times) and times[-1] - times[0] < 80_000, "no time in the log jumps with it"
    ask_to_resume(run, more_epochs=1)
    assert work(run, data_folder)["event"] == "finished"
    assert abs(run.events()[0][-1]["time"] - times[0]) > 80_000, "it did jump, as the next attempt sees"
    assert 3 < History(run).update().elapsed() < 80_000
