"""What each guest may have waiting, and a queue of hundreds, beside processes that do it at once or are killed in it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from core.errors import TrainDeskError
from core.paths import HOME
from core.runs.queue import enqueue_all, waiting, waiting_of
from core.runs.store import create_run, list_runs
from tests.helpers import PATIENCE, quick_config, wait_until

MOST = 20  # runs that the guest may have waiting
GUEST = "guest"


def queueing(runs_folder: Path, batches: int, size: int, most: int) -> subprocess.Popen:
    """A process that makes runs, says so, and queues them when the file `go` lies beside their folder."""
    numbers = map(str, (batches, size, most))
    command = [sys.executable, "-m", "tests.faults.test_bounds", str(runs_folder), *numbers]
    return subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, text=True)


def test_four_processes_of_one_guest_queue_no_more_than_one_may(runs_folder):
    tabs = [queueing(runs_folder, batches=5, size=3, most=MOST) for _ in range(4)]
    assert [tab.stdout.readline().strip() for tab in tabs] == ["ready"] * 4
    (runs_folder.parent / "go").touch()
    said = [tab.communicate(timeout=PATIENCE)[0].split() for tab in tabs]
    waits = waiting_of(GUEST, waiting(runs_folder))
    assert len(waits) == len(set(waits)) == 18, "as many times three as fit into twenty"
    assert sum(each.count("queued") for each in said) == 6
    assert sum(each.count("refused") for each in said) == 14, "the others are told"


def test_a_process_killed_while_it_queues_hundreds_leaves_a_queue_that_goes_on(runs_folder):
    chance = random.Random(5)
    went_on = []
    for _ in range(2):
        (runs_folder.parent / "go").unlink(missing_ok=True)
        before = len(waiting(runs_folder))
        process = queueing(runs_folder, batches=1, size=150, most=10_000)
        assert process.stdout.readline().strip() == "ready"
        (runs_folder.parent / "go").touch()
        share = chance.uniform(0.1, 0.8)
        wait_until(lambda least=before + share * 150: len(waiting(runs_folder)) >= least, every=0.001)
        process.kill()
        process.wait()
        waits = [entry.run for entry in waiting(runs_folder)]
        went_on.append(len(waits) - before)
        assert len(waits) == len(set(waits)) and set(waits) <= set(list_runs(runs_folder))
        left = [run for run in list_runs(runs_folder) if run not in waits]
        assert {run.status().name for run in left} <= {"stopped"}, "never begun: each can be started by its page"
        began = time.monotonic()
        if left:
            enqueue_all(left, GUEST)  # the lock went with the process
        assert time.monotonic() - began < PATIENCE
        entries = waiting(runs_folder)
        assert {entry.run for entry in entries} == set(list_runs(runs_folder))
        assert len({entry.rank for entry in entries}) == len(entries), "each has a place of its own"
    assert min(went_on) > 0, "all were killed in the middle of it"


def main(runs_folder: Path, batches: int, size: int, most: int) -> None:
    made = [[create_run(quick_config(), runs_folder) for _ in range(size)] for _ in range(batches)]
    print("ready", flush=True)
    wait_until((runs_folder.parent / "go").exists, every=0.001)
    for runs in made:
        try:
            enqueue_all(runs, GUEST, most)
            print("queued", flush=True)
        except TrainDeskError:
            print("refused", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
