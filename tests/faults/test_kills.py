"""kill -9 at random moments of workers and supervisors: nothing is lost, nothing happens twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import time

import psutil

from core.errors import TrainDeskError
from core.runs.playback import Playback, ask_for_playback
from core.runs.queue import waiting
from core.runs.workspace import workspace_folder
from core.workers.control import ask_to_resume
from core.workers.dispatch import submit
from tests.core.running import kinds, same_weights
from tests.faults.checks import assert_whole
from tests.faults.conftest import supervisors, workers
from tests.helpers import PATIENCE, has_ended, wait_until

ROUNDS = int(os.environ.get("TRAINDESK_FAULT_ROUNDS", "8"))
SECOND_EPOCH = 25  # a step of it


def kill(process: psutil.Process) -> None:
    """The process may have ended a moment ago."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def can_go_on(status):
    """Whether it was interrupted, or its process was killed each time before it could begin."""
    return status.name == "interrupted" or (status.name == "failed" and "died each time" in status.reason)


def go_on(run, data_folder):
    """As its page does where it can; a supervisor may have seen to the run since its page was drawn."""
    if can_go_on(run.status()):
        with contextlib.suppress(TrainDeskError):
            ask_to_resume(run)
            submit(run, data_folder)


def test_workers_and_supervisors_killed_at_random_moments(new, served, runs_folder, data_folder):
    chance = random.Random(7)
    whole = new()
    submit(whole, data_folder)
    runs = [new()]  # more as the queue needs them
    submit(runs[0], data_folder)
    killed = {"worker": 0, "supervisor": 0}
    for number in range(ROUNDS):
        victim = "supervisor" if number % 3 == 2 else "worker"
        alive = {"worker": workers, "supervisor": supervisors}[victim]
        if not waiting(runs_folder):  # then no supervisor is needed
            runs.append(new())
            submit(runs[-1], data_folder)
        for _ in range(10):  # a page that is opened now and then
            served()
            with contextlib.suppress(AssertionError):
                wait_until(lambda alive=alive: alive(runs_folder), timeout=4, every=0.2)
                break
        time.sleep(2 * chance.random() ** 2)  # not a wait: the moment of the kill is what is tried
        for process in alive(runs_folder):
            kill(process)
            killed[victim] += 1
        for run in [whole, *runs]:
            go_on(run, data_folder)
    assert killed["worker"] >= ROUNDS // 3 and killed["supervisor"] >= ROUNDS // 5, killed

    def all_finished():
        """A page that is opened again and again, on which each run that was killed goes on."""
        for run in [whole, *runs]:
            go_on(run, data_folder)
        served()
        return all(run.status().name == "finished" for run in [whole, *runs])

    wait_until(all_finished, what="every run ends", every=0.5)
    for run in [whole, *runs]:
        assert_whole(run)
        assert same_weights(run.last, whole.last), "the same settings, however often they were interrupted"


def test_a_queue_outlives_a_worker_that_had_not_begun_and_its_supervisor(new, served, runs_folder, data_folder):
    """No page is open when the supervisor is killed: the worker that ends sees that nobody serves the queue."""
    first, second = new(epochs=2), new(epochs=2)
    ask_for_playback(first, Playback(until=SECOND_EPOCH))  # until all is done to it
    submit(first, data_folder)
    for process in workers(runs_folder):  # it is still importing
        process.kill()
    assert not first.worker_lock.exists(), "killed too late for what is tried here"
    wait_until(lambda: first.status().name == "queued", what="its mark, which names the process, need not grow old")
    for _ in range(3):  # two that start it train it once
        served()
        submit(first, data_folder) if first in [entry.run for entry in waiting(runs_folder)] else None
    submit(second, data_folder)
    wait_until(lambda: first.status().name == "running")
    wait_until(lambda: len(supervisors(runs_folder)) == 1, what="of several that were started one stays", every=0.2)
    (supervisor,) = supervisors(runs_folder)
    supervisor.kill()
    wait_until(lambda: has_ended(supervisor))
    ask_for_playback(first, Playback())
    for run in (first, second):
        wait_until(lambda run=run: run.status().name == "finished")
        assert_whole(run)
        assert kinds(run).count("started") == 1
    assert first.events()[0][-1]["time"] <= second.events()[0][0]["time"], "one after the other"
    wait_until(lambda: not supervisors(runs_folder), what="nothing waits any more")
    assert (workspace_folder(runs_folder) / "supervisor.log").read_text() == ""


def test_a_reused_process_id_does_not_make_a_dead_run_look_alive(new, runs_folder):
    run = new()
    run.event_log.write_text('{"event":"started","time":1}\n')
    run.worker_lock.touch()
    run.worker_pid.write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))  # ours, alive, another's
    assert run.status().name == "interrupted"


def test_a_stop_in_a_step_of_a_minute_ends_the_process_too(new, served, runs_folder, data_folder):
    """One step of a hundred thousand multiply-adds times a thousand pictures: the training cannot look up in between."""
    run = new(
        dataset="digits",
        architecture={"name": "resnet18", "weights": "random", "train": "all", "enlarge_to": 224},
        batch_size=1024,
        training={},
    )
    submit(run, data_folder)
    wait_until(lambda: run.status().name == "running")
    (process,) = workers(runs_folder)
    run.request_stop()
    gone, _ = psutil.wait_procs([process], timeout=PATIENCE)
    assert gone
    assert run.status().name == "stopped" and "in the middle of its work" in run.status().reason
    assert not run.stop_request.exists() and not run.worker_pid.exists()
