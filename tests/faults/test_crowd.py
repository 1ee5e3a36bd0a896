"""Ten people at once: each starts, stops, renames, moves, deletes and restores whatever is there, as fast as it goes."""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
import traceback
from pathlib import Path

from core.errors import TrainDeskError
from core.paths import HOME
from core.runs.metadata import change_metadata
from core.runs.queue import move, waiting, withdraw
from core.runs.store import create_run, list_runs
from core.runs.trash import delete_run, deleted_runs, restore_run
from core.workers.control import ask_to_resume
from core.workers.dispatch import ensure_supervisor, set_cpu_runs, submit
from tests.faults.checks import assert_each_step_once
from tests.helpers import PATIENCE, quick_config, wait_until

PEOPLE = 10
LEAST = 11  # that each of them does, however slow the computer is
SECONDS = float(os.environ.get("TRAINDESK_CROWD_SECONDS", "1"))


def test_ten_people_at_once_lose_and_double_nothing(runs_folder, data_folder):
    set_cpu_runs(runs_folder, 2)
    command = [sys.executable, "-m", "tests.faults.test_crowd", str(runs_folder), str(data_folder), str(SECONDS)]
    said = subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, timeout=SECONDS + PATIENCE, check=True).stdout
    reports = json.loads(said)
    assert not [report["crash"] for report in reports if report["crash"]]
    created = {run_id for report in reports for run_id in report["created"]}
    wait_until(lambda: all_at_rest(runs_folder))
    kept, gone = list_runs(runs_folder), deleted_runs(runs_folder)
    assert sorted(run.id for run in [*kept, *gone]) == sorted(created), "none lost, none doubled"
    assert len(created) >= PEOPLE and min(report["done"] for report in reports) >= LEAST
    for run in [*kept, *gone]:
        assert run.config().title.startswith("Run of ")
        assert_each_step_once(run)
        begun = [event["event"] for event in run.events()[0]]
        assert begun.count("started") <= 1 + begun.count("resuming"), "trained twice"
    for run in kept:
        assert run.status().name in ("queued", "stopped", "paused", "finished", "interrupted"), run.status()
    ensure_supervisor(runs_folder, data_folder)


def all_at_rest(runs_folder: Path) -> bool:
    """Takes out what waits and asks what runs to stop; whether nothing does either any more, so nothing can start."""
    waits = waiting(runs_folder)
    for entry in waits:
        withdraw(entry.run)
    active = [run for run in list_runs(runs_folder) if run.status().is_active]
    for run in active:
        run.request_stop()
    return not waits and not active


def person(runs_folder: Path, data_folder: Path, seconds: float, number: int) -> dict:
    """What one of them did: runs created, actions done, and the traceback of anything but a sentence."""
    chance, end = random.Random(number), time.monotonic() + seconds
    created, done = [], 0

    def start():
        config = quick_config(title=f"Run of {number}", training={"epoch_seconds": chance.choice([0, 1])})
        run = create_run(config, runs_folder)
        created.append(run.id)
        submit(run, data_folder, f"person {number}")

    def some():
        return chance.choice(list_runs(runs_folder))

    def go_on():
        run = some()
        ask_to_resume(run, more_epochs=chance.choice([0, 1]))
        submit(run, data_folder, f"person {number}")

    actions = [
        start,
        lambda: some().request_stop(),
        lambda: some().request_pause(),
        go_on,
        lambda: change_metadata(some(), title=f"Named by {number}", tags=(f"tag {number}",)),
        lambda: move(some(), chance.choice(["up", "down", "first"])),
        lambda: withdraw(some()),
        lambda: delete_run(some()),
        lambda: restore_run(chance.choice(deleted_runs(runs_folder)).id, runs_folder),
        lambda: [run.status() for run in list_runs(runs_folder)],
    ]
    while done < LEAST or time.monotonic() < end:
        try:
            (chance.choice(actions) if created else start)()
            done += 1
        except (TrainDeskError, IndexError, FileNotFoundError):  # refused in a sentence, nothing there, or just deleted
            pass
        except Exception:
            return {"created": created, "done": done, "crash": traceback.format_exc()}
    return {"created": created, "done": done, "crash": ""}


if __name__ == "__main__":
    runs, data, seconds = sys.argv[1:]
    one = functools.partial(person, Path(runs), Path(data), float(seconds))
    way = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"  # forks import nothing again
    with multiprocessing.get_context(way).Pool(PEOPLE) as people:
        print(json.dumps(people.map(one, range(PEOPLE), chunksize=1)))
