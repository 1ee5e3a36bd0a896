"""Milliseconds from the click on Start to the first training step, with and without a waiting worker.

python -m benchmarks.startup [--rounds 5] [--recipes digits mlp] [--peers-python .venv-peers/bin/python]

The click is the moment before the run's folder is made; the first step is done when the run's log shows it, which is up
to 20 ms later. With --peers-python, a Lightning script of the same MLP is started in turn: from starting Python to its
first step. Every start trains on for a moment and is stopped, and nothing else runs meanwhile.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.side_by_side import ROOT
from core.paths import data_folder
from core.recipes import find_recipe
from core.runs import events
from core.runs.store import create_run
from core.workers.launch import end_standby, launch, prepare, standby_is_ready

SETTLE = 1.0  # seconds between starts


def start(recipe: str, warm: bool, runs_folder: Path) -> float:
    """Milliseconds from the click to the first step."""
    if warm:
        prepare(delay=0)
        wait_for(standby_is_ready, 0.05)
    time.sleep(SETTLE)
    config = find_recipe(recipe).config()
    click = time.perf_counter()
    run = create_run(config, runs_folder)
    launch(run, data_folder())
    wait_for(lambda: any(event["event"] == events.STEP for event in run.events()[0]), 0.002)
    seconds = time.perf_counter() - click
    end_standby()  # the next one must not get ready while another start is measured
    run.request_stop()
    wait_for(lambda: not run.status().is_active, 0.05)
    return 1000 * seconds


def wait_for(condition: Callable[[], bool], pause: float) -> None:
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("a worker did not get there within a minute; its own output says why")
        time.sleep(pause)


def start_lightning(python: str) -> float:
    """The same for the peer's script, which prints the Unix time of its first step."""
    time.sleep(SETTLE)
    click = time.time()
    command = [python, "-m", "benchmarks.lightning_start"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
    ).stdout
    return 1000 * (float(answer.split()[-1]) - click)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=["digits", "mlp"])
    parser.add_argument("--peers-python", help="Python of the environment of benchmarks/requirements.txt")
    options = parser.parse_args()
    times: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(options.rounds + 1):
            for recipe in options.recipes:
                for kind, warm in (("waiting worker", True), ("fresh process", False)):
                    milliseconds = start(recipe, warm, Path(folder))
                    if round_number:  # the first round fills the disk's and the datasets' caches
                        times.setdefault((recipe, kind), []).append(milliseconds)
            if options.peers_python:
                milliseconds = start_lightning(options.peers_python)
                if round_number:
                    times.setdefault(("mlp", "Lightning script"), []).append(milliseconds)
    print("| recipe | start | click to first step, ms (min / median / max) |")
    print("| --- | --- | --- |")
    for (recipe, kind), values in times.items():
        print(f"| {recipe} | {kind} | {min(values):,.0f} / **{statistics.median(values):,.0f}** / {max(values):,.0f} |")


if __name__ == "__main__":
    main()
