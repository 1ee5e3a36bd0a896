"""Pictures a second of a run beside programs that keep cores busy, with the threads it was given and with those that have room.

    python -m benchmarks.crowded [--busy 1] [--rounds 3] [--seconds 8] [--recipe mlp]

Both start as by a click, in turn, round after round. The first seconds, in which it looks around, do not count.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.startup import wait_for
from core.paths import data_folder
from core.recipes import find_recipe
from core.runs import events
from core.runs.store import create_run
from core.workers.launch import launch

BUSY = "while True: pass"
SETTLE = 4.0  # seconds after the first step


def pictures_a_second(recipe: str, repeatable: bool, seconds: float, runs_folder: Path) -> float:
    """Of a run whose number of threads is fixed if it is `repeatable`."""
    config = find_recipe(recipe).config()
    run = create_run(config.with_changes({"training.repeatable": repeatable, "training.epochs": 10_000}), runs_folder)
    launch(run, data_folder())

    def steps() -> list[dict]:
        return [event for event in run.events()[0] if event["event"] == events.STEP]

    wait_for(lambda: len(found := steps()) > 1 and found[-1]["time"] > found[0]["time"] + SETTLE + seconds, 0.5)
    run.request_stop()
    wait_for(lambda: not run.status().is_active, 0.1)
    found = [event for event in steps() if event["time"] > steps()[0]["time"] + SETTLE]
    done = (found[-1]["step"] - found[0]["step"]) * config.training.batch_size
    return done / (found[-1]["time"] - found[0]["time"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=1, help="programs that keep a core busy each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--recipe", default="mlp")
    options = parser.parse_args()
    rates: dict[bool, list[float]] = {True: [], False: []}
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(options.busy)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(options.rounds):
                for repeatable, found in rates.items():
                    found.append(pictures_a_second(options.recipe, repeatable, options.seconds, Path(folder)))
    finally:
        for other in others:
            other.kill()
    ratios = [free / fixed for fixed, free in zip(rates[True], rates[False], strict=True)]
    print("| threads | pictures a second (min / median / max) |")
    print("| --- | --- |")
    for name, values in (("those given", rates[True]), ("those with room", rates[False])):
        print(f"| {name} | {min(values):,.0f} / **{statistics.median(values):,.0f}** / {max(values):,.0f} |")
    print(f"\ntimes as fast: {min(ratios):.2f} / **{statistics.median(ratios):.2f}** / {max(ratios):.2f}")


if __name__ == "__main__":
    main()
