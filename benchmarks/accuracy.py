"""What each tutorial recipe reaches on the published test images, the tutorial's own loop beside ours, seed by seed.

    python -m benchmarks.accuracy [--recipes mlp ... cifar_94] [--seeds 0 1 2] [--at-once 2] [--keep results.jsonl]

Tutorial: its loop as published (benchmarks/tutorials.py), all training images, the network after the last epoch. Ours: the
recipe as it is started by a click, with the precision that the engine chooses on this processor: 2 % of the training images
held out, and of its epochs the best by those is tested, once. Every training gets one thread; --at-once of them run side by
side. Results are kept as they come, so that an interrupted measurement goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.side_by_side import ROOT
from core.machine.environment import worker_environment
from core.recipes import find_recipe

RECIPES = ["mlp", "simple_cnn", "simple_cnn_wide", "improved_cnn", "cifar_cnn"]
OWN = ["cifar_94"]  # that no tutorial has
LOOPS = ("ours", "tutorial")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES + OWN, default=RECIPES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "traindesk-accuracy.jsonl")
    parser.add_argument("--one", nargs=3, metavar=("LOOP", "RECIPE", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        loop, recipe, seed = options.one
        print(json.dumps({"accuracy": {"ours": _ours, "tutorial": _tutorial}[loop](recipe, int(seed))}))
        return
    known = list(_kept(options.keep))
    jobs = [
        (loop, recipe, seed)
        for recipe in options.recipes
        for seed in options.seeds
        for loop in (LOOPS[:1] if recipe in OWN else LOOPS)
        if not any((row["loop"], row["recipe"], row["seed"]) == (loop, recipe, seed) for row in known)
    ]
    with ThreadPoolExecutor(options.at_once) as pool, options.keep.open("a", encoding="utf-8") as file:
        for row in pool.map(_job, jobs):
            print(json.dumps(row), file=file, flush=True)
            print(row, file=sys.stderr, flush=True)
            known.append(row)
    print("| recipe | epochs | ours, test accuracy (mean, lowest to highest) | tutorial's loop |")
    print("| --- | --- | --- | --- |")
    for recipe in options.recipes:
        cells = [_cell(known, loop, recipe, options.seeds) for loop in LOOPS]
        print(f"| {recipe} | {find_recipe(recipe).config().training.epochs} | {' | '.join(cells)} |")


def _cell(rows: list[dict], loop: str, recipe: str, seeds: list[int]) -> str:
    mine = [row for row in rows if (row["loop"], row["recipe"]) == (loop, recipe) and row["seed"] in seeds]
    if not mine:
        return "-"
    found = [row["accuracy"] for row in mine]
    return f"**{statistics.mean(found):.2%}** ({min(found):.2%} to {max(found):.2%})"


def _kept(path: Path) -> Iterator[dict]:
    if path.exists():
        yield from (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def _job(job: tuple[str, str, int]) -> dict:
    loop, recipe, seed = job
    command = [sys.executable, "-m", "benchmarks.accuracy", "--one", loop, recipe, str(seed)]
    start = time.perf_counter()
    environment = {**(worker_environment() if loop == "ours" else os.environ), "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True
    ).stdout
    seconds = time.perf_counter() - start
    return {"loop": loop, "recipe": recipe, "seed": seed, "seconds": seconds, **json.loads(answer.splitlines()[-1])}


def _ours(recipe: str, seed: int) -> float:
    """The recipe's test accuracy through the engine, with the parts a worker puts together."""
    from benchmarks.ours import CPU, prepared
    from core.runs.store import Run
    from core.training.build import description_of, setup_of
    from core.training.checkpoints import network_content, write_checkpoint
    from core.training.evaluation import drained
    from core.training.loop import Epoch, train
    from core.training.scoring import evaluate_checkpoint

    config, splits, state = prepared(recipe, seed)
    with tempfile.TemporaryDirectory() as folder:
        best = Run(Path(folder)).best
        for happened in train(state, setup_of(config), splits):
            if isinstance(happened, Epoch) and happened.is_best:
                write_checkpoint(best, network_content(state, description_of(config), happened.metrics))
        testing = evaluate_checkpoint(best, splits.test, CPU, "test")
        return drained(testing).report["test/accuracy"]


def _tutorial(recipe: str, seed: int) -> float:
    from benchmarks.tutorials import whole_training

    return whole_training(recipe, find_recipe(recipe).config().training.epochs, seed)


if __name__ == "__main__":
    main()
