"""What a forecast says against what then happens: seconds of an epoch and memory.

    python -m benchmarks.forecast [--recipes digits mlp simple_cnn improved_cnn] [--rounds 3]

Each round forecasts a recipe by the command line and then trains two epochs of it, in a process of its own each; the second
epoch counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

from benchmarks.side_by_side import ROOT
from core.machine.environment import worker_environment
from core.runs.history import History
from core.runs.store import list_runs

RECIPES = ["digits", "mlp", "simple_cnn", "improved_cnn"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| recipe | seconds an epoch | forecast / real (min / median / max) | memory, GB | forecast / real |")
    print("| --- | --- | --- | --- | --- |")
    for recipe in options.recipes:
        pairs = [_round(recipe) for _ in range(options.rounds)]
        seconds = [found["seconds_per_epoch"] / real["seconds"] for found, real in pairs]
        memory = [found["memory_bytes"] / real["memory_bytes"] for found, real in pairs]
        real = pairs[-1][1]
        print(
            f"| {recipe} | {real['seconds']:.1f} | {_spread(seconds)} | {real['memory_bytes'] / 1e9:.1f} | {_spread(memory)} |"
        )


def _spread(ratios: list[float]) -> str:
    return f"{min(ratios):.2f} / **{statistics.median(ratios):.2f}** / {max(ratios):.2f}"


def _round(recipe: str) -> tuple[dict, dict]:
    """What was forecast, and the `epoch` event of the second epoch."""
    with tempfile.TemporaryDirectory() as folder:
        found = json.loads(_run("forecast", "--recipe", recipe, "--json", "--runs", folder))
        _run("train", "--recipe", recipe, "--set", "epochs=2", "--runs", folder)
        (run,) = list_runs(type(ROOT)(folder))
        return found, History(run).update().epochs[-1]


def _run(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "core", *words],
        cwd=ROOT,
        env=worker_environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
