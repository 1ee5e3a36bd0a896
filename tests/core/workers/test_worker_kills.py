"""Workers killed without a word, again and again, also while they write: nothing is lost, and the end is the same."""

import os
import random
import signal
import subprocess
import sys

import pytest

from core.paths import HOME
from core.runs.history import History
from core.runs.store import create_run
from core.training.checkpoints import load_checkpoint
from core.workers import worker
from tests.core.running import kinds, same_weights
from tests.helpers import quick_config, wait_until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked, so that each begins in a moment")

SETTINGS = {
    "epochs": 40,
    "batch_size": 100,
    "architecture": {"name": "improved_cnn", "channels": [4]},  # batch norm and dropout
    "augmentation": {"shift": 0.1},
    "schedule": "cosine",
    "training": {"average_decay": 0.9},
}
KILLS = 8

# Real workers whose checkpoints come after every step, without a rest, and take long between writing and replacing.
FORKING = """
import os, sys, time
import torch
import core.workers.loop_follower, core.workers.standby
from core.workers import worker
from core.training import async_checkpoint

core.workers.standby.import_everything()
weights = torch.zeros(1, requires_grad=True)
weights.grad = torch.zeros(1)
torch.optim.Adam([weights]).step()  # imports more
core.workers.loop_follower.LONGEST_LOSS, async_checkpoint.PAUSE = 0.0, 0.0
replace = os.replace
def slowly(*paths):
    time.sleep(0.02)
    replace(*paths)
os.replace = slowly
for line in sys.stdin:
    child = os.fork()
    if not child:
        os._exit(worker.main(line.split()))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def fork():
    """Forks a worker for a run; gives its process id and what to ask for its exit status."""
    process = subprocess.Popen(
        [sys.executable, "-c", FORKING], cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def start(run, data_folder):
        process.stdin.write(f"{run.folder} --data {data_folder}\n")
        process.stdin.flush()
        return int(process.stdout.readline()), lambda: int(process.stdout.readline())

    yield start
    process.kill()
    process.communicate()


def saved(run):
    return run.last.stat().st_mtime_ns if run.last.exists() else 0


def told(run):
    return len(run.events()[0])


def more(count, run):
    """A condition: the count is larger than now."""
    now = count(run)
    return lambda: count(run) > now


def half_written(run):
    return list(run.folder.glob(".*.pt.*.tmp"))


def test_killed_at_any_moment_a_run_loses_nothing_and_ends_the_same(fork, runs_folder):
    chance, data_folder = random.Random(7), runs_folder / "data"
    whole, run = (create_run(quick_config(**SETTINGS), runs_folder) for _ in range(2))
    assert worker.work(whole, data_folder)["event"] == "finished"  # and decodes the images for all
    halves = 0
    for kill in range(KILLS):
        child, exit_status = fork(run, data_folder)
        try:
            if kill:  # the first at the very beginning, perhaps before there is a checkpoint
                wait_until(more(saved, run))
            for _ in range(chance.randrange(5)):
                wait_until(more(told, run))
            if kill % 2:
                wait_until(lambda: half_written(run), what="a checkpoint half way")
        finally:
            os.kill(child, signal.SIGKILL)
        assert exit_status() == -signal.SIGKILL, "it was still training"
        halves += bool(half_written(run))
        assert run.status().name == "interrupted" and not run.worker_is_alive()
        if run.last.exists():
            assert load_checkpoint(run.last)["resume"]
        if run.best.exists():
            load_checkpoint(run.best)
        assert all(isinstance(event["time"], float) for event in run.events()[0])
    assert halves >= KILLS // 4, "kills while a checkpoint was being written"
    left = load_checkpoint(run.last)["step"]
    assert 0 < left < 13 * 40
    assert worker.work(run, data_folder)["event"] == run.status().name == "finished"
    assert same_weights(run.last, whole.last) and same_weights(run.best, whole.best)
    mine, theirs = History(run).update(), History(whole).update()
    assert mine.steps == sorted(set(mine.steps)) and mine.steps[-1] == theirs.steps[-1] == 13 * 40
    timeless = ("epoch", "step", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "best")
    assert [[epoch[key] for key in timeless] for epoch in mine.epochs] == [
        [epoch[key] for key in timeless] for epoch in theirs.epochs
    ]
    assert mine.test["confusion_matrix"] == theirs.test["confusion_matrix"]
    assert mine.progress() == 1.0 and kinds(run).count("resuming") == KILLS
    assert not half_written(run), "what killed workers left half written is cleared away"
