"""The process that serves the queue of a runs folder while no page needs to be open.

    python -m core.workers.supervisor --runs RUNS_FOLDER --data DATA_FOLDER

One at a time: a second one ends at once. It ends when nothing waits any more. It keeps nothing in mind, so killing it loses
nothing; whoever queues a run, looks at the queue or ends a run starts it anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import TrainDeskError
from core.machine.awake import awake
from core.runs.queue import queued
from core.runs.workspace import workspace_folder
from core.workers.dispatch import dispatch

INTERVAL = 0.5  # seconds between looks; one takes 5 milliseconds for a thousand runs


def main(arguments: list[str] | None = None) -> int:
    """Starts runs as room becomes free, until none waits."""
    parser = argparse.ArgumentParser(prog="python -m core.workers.supervisor", description=main.__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    while any(queued(options.runs)):  # once more after the lock is free: whoever queued a run meanwhile relied on us
        try:
            lock = workspace_folder(options.runs) / "supervisor.lock"
            # whoever looks whether we live holds the lock for a moment
            with FileLock(lock, timeout=1), awake("Networks wait to be trained."):
                _serve(options.runs, options.data)
        except Timeout:
            return 0
    return 0


def _serve(runs_folder: Path, data_folder: Path) -> None:
    told = ""
    while any(queued(runs_folder)):
        try:
            problems = dispatch(runs_folder, data_folder).problems
            sentence = " ".join(f"{run.id}: {problem}" for run, problem in problems.items())
        except TrainDeskError as error:
            sentence = str(error)
        if sentence and sentence != told:
            print(sentence, file=sys.stderr, flush=True)
        told = sentence
        time.sleep(INTERVAL)


if __name__ == "__main__":
    sys.exit(main())
