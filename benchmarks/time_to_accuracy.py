"""Seconds of training until the test images are read well enough: the tutorial's loop and recipe, and the fast recipe.

    python -m benchmarks.time_to_accuracy [--targets mnist cifar] [--seeds 0 1 2] [--threads 2]

Both test after each epoch, which is not counted; loading the images is not counted either. The tutorial and the fast recipe
train in turn, a process each, with the same number of threads.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.side_by_side import ROOT
from core.machine.environment import worker_environment


class Target(NamedTuple):
    tutorial: str  # recipe
    fast: str
    accuracy: float
    epochs: int  # the most that the tutorial may take


TARGETS = {
    "mnist": Target("simple_cnn_wide", "fast_mnist", 0.99, 20),
    "cifar": Target("cifar_cnn", "fast_cifar", 0.70, 10),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--one", nargs=3, metavar=("WHO", "TARGET", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        who, target, seed = options.one
        print(
            json.dumps(_until(TARGETS[target].accuracy, {"tutorial": _tutorial, "fast": _fast}[who](target, int(seed))))
        )
        return
    print("| test accuracy | tutorial, s | fast recipe, s (test accuracy reached) | sooner (min / median / max) |")
    print("| --- | --- | --- | --- |")
    for name in options.targets:
        rows = [[_measure(who, name, seed, options.threads) for who in ("tutorial", "fast")] for seed in options.seeds]
        slow, fast = ([row[side]["seconds"] for row in rows] for side in (0, 1))
        reached = ", ".join(f"{row[1]['accuracy']:.2%}" for row in rows)
        ratios = [one / other for one, other in zip(slow, fast, strict=True)]
        target = TARGETS[name]
        print(
            f"| {target.accuracy:.0%} on {name.upper()} | {statistics.median(slow):,.1f} ({target.tutorial}) | "
            f"{statistics.median(fast):,.1f} ({reached}) | {min(ratios):.1f} / **{statistics.median(ratios):.1f}** / "
            f"{max(ratios):.1f} |",
            flush=True,
        )


def _measure(who: str, target: str, seed: int, threads: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.time_to_accuracy", "--one", who, target, str(seed)]
    environment = {**(worker_environment() if who == "fast" else os.environ), "OMP_NUM_THREADS": str(threads)}
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=True
    ).stdout
    return json.loads(answer.splitlines()[-1])


def _until(accuracy: float, epochs: Iterator[tuple[float, float]]) -> dict[str, float]:
    reached, seconds = 0.0, 0.0
    for reached, seconds in epochs:
        print(f"{reached:.4f} after {seconds:.1f} s", file=sys.stderr)
        if reached >= accuracy:
            return {"accuracy": reached, "seconds": seconds}
    return {"accuracy": reached, "seconds": float("inf")}


def _tutorial(target: str, seed: int) -> Iterator[tuple[float, float]]:
    from benchmarks.tutorials import tested_epochs

    return tested_epochs(TARGETS[target].tutorial, seed, TARGETS[target].epochs)


def _fast(target: str, seed: int) -> Iterator[tuple[float, float]]:
    """Test accuracy and seconds of training after each epoch of the fast recipe, its validation included."""
    import torch

    from benchmarks.ours import accuracy_on_test, prepared
    from core.training.build import setup_of
    from core.training.loop import Epoch, train

    config, splits, state = prepared(TARGETS[target].fast, seed)
    seconds, start = 0.0, time.perf_counter()
    for happened in train(state, setup_of(config), splits):
        if isinstance(happened, Epoch):
            seconds += time.perf_counter() - start
            yield accuracy_on_test(state.eval_model, config, splits, torch.float32), seconds
            start = time.perf_counter()


if __name__ == "__main__":
    main()
