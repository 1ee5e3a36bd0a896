"""What watching and keeping cost a training: the event log and the requests beside a step, checkpoints beside an epoch.

    python -m benchmarks.overhead [--steps 1000]

A step's own time is taken in the same loop, so that a busy machine slows both alike. Snapshot: the copy that the next step
waits for. Write: what a thread then does beside the training.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.ours import CPU, prepared
from core.config import RunConfig
from core.runs.events import EventWriter
from core.runs.requests import Requests
from core.runs.store import Run
from core.training.batches import Splits, pictures
from core.training.checkpoints import progress, snapshot, write_checkpoint
from core.training.loop import Step, begin, train
from core.training.recorder import Recorder

NETWORKS = {  # and whether all of it trains
    "MLP": {"architecture": "mlp"},
    "ImprovedCNN": {"architecture": "improved_cnn"},
    "ResNet18, all trained": {"architecture": {"name": "resnet18", "weights": "random", "train": "all"}},
    "ResNet18, last layer trained": {"architecture": {"name": "resnet18", "weights": "random", "train": "head"}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        print("| recipe | log and requests, microseconds a step | share of the step |")
        print("| --- | --- | --- |")
        for recipe in ("mlp", "simple_cnn"):
            spent, whole = _watching(recipe, options.steps, run)
            print(f"| {recipe} | {1e6 * spent / options.steps:.1f} | {spent / whole:.2%} |", flush=True)
        print("\n| checkpoint | size, MB | snapshot, ms (min / median / max) | write, ms |")
        print("| --- | --- | --- | --- |")
        for name, settings in NETWORKS.items():
            print(_keeping(name, settings, run.last), flush=True)


def _watching(recipe: str, steps: int, run: Run) -> tuple[float, float]:
    """Seconds in the recorder and the requests, and in all."""
    config, splits, state = prepared(recipe)
    recorder = Recorder(config, splits, state, torch.get_num_threads(), EventWriter(run.event_log).write)
    requests = Requests(run)
    spent, done, begun = 0.0, 0, 0.0
    for happened in train(state, config, splits):
        if not isinstance(happened, Step):
            continue
        if done == 20:  # the first steps choose kernels
            spent, begun = 0.0, time.perf_counter()
        start = time.perf_counter()
        recorder.step(happened)
        requests.learning_rate()
        requests.end()
        spent += time.perf_counter() - start
        done += 1
        if done == steps + 20:
            break
    return spent, time.perf_counter() - begun


def _keeping(name: str, settings: dict, path: Path) -> str:
    config = RunConfig.from_dict({**settings, "dataset": "cifar10", "optimizer": "adam", "training": {"batch_size": 4}})
    images = torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8)
    some = pictures(images, torch.arange(8), config.dataset, CPU)
    splits = Splits(some, some, some)
    state = begin(config, splits, CPU, None)
    next(happened for happened in train(state, config, splits) if isinstance(happened, Step))
    copying, writing = [], []
    for _ in range(7):
        start = time.perf_counter()
        content = {**snapshot(state, config, {}), **progress(state, 1)}
        copied = time.perf_counter()
        write_checkpoint(path, content)
        writing.append(1000 * (time.perf_counter() - copied))
        copying.append(1000 * (copied - start))
    cells = [
        f"{min(times):.1f} / **{statistics.median(times):.1f}** / {max(times):.1f}" for times in (copying, writing)
    ]
    return f"| {name} | {path.stat().st_size / 1e6:.1f} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
