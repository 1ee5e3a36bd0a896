"""What watching and keeping cost a training: the event log and the requests beside a step, validation within an epoch,
checkpoints beside an epoch.

    python -m benchmarks.overhead [--steps 1000] [--seconds 20]

A step's own time is taken in the same loop, so that a busy machine slows both alike. Snapshot: the copy that the next step
waits for. Write: what a thread then does beside the training. Validation within an epoch: the same steps with and without
it, one after the other in rounds, and the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.ours import CPU, prepared
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.events import EventWriter
from core.runs.requests import Requests
from core.runs.store import Run
from core.training.batches import Splits, pictures
from core.training.build import begin, description_of, setup_of
from core.training.checkpoints import network_content, resume_content, write_checkpoint
from core.training.data import pixels_of_a_batch
from core.training.event_recorder import Recorder
from core.training.fastest import choose_way
from core.training.loop import Epoch, Step, TrainingState, Validated, train

ROUNDS = 3
WARM_UP = 20  # steps: the first ones choose kernels
RESNET = "ResNet18, all trained"
NETWORKS = {  # and whether all of it trains
    "MLP": {"architecture": "mlp"},
    "ImprovedCNN": {"architecture": "improved_cnn"},
    RESNET: {"architecture": {"name": "resnet18", "weights": "random", "train": "all"}},
    "ResNet18, last layer trained": {"architecture": {"name": "resnet18", "weights": "random", "train": "head"}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument(
        "--seconds", type=float, default=20, help="of training in each round of validation within an epoch"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        print("| recipe | log and requests, microseconds a step | share of the step |")
        print("| --- | --- | --- |")
        for recipe in ("mlp", "simple_cnn"):
            spent, whole = _watching(recipe, options.steps, run)
            print(f"| {recipe} | {1e6 * spent / options.steps:.1f} | {spent / whole:.2%} |", flush=True)
        print(
            "\n| validation within an epoch | pictures | processor time, with / without it | longest wait for a point, s |"
        )
        print("| --- | --- | --- | --- |")
        for name in ("mlp", "fast_mnist", "improved_cnn", RESNET):
            print(_validating(name, options.seconds), flush=True)
        print("\n| checkpoint | size, MB | snapshot, ms (min / median / max) | write, ms |")
        print("| --- | --- | --- | --- |")
        for name, settings in NETWORKS.items():
            print(_keeping(name, settings, run.last), flush=True)


def _watching(recipe: str, steps: int, run: Run) -> tuple[float, float]:
    """Seconds in the recorder and the requests, and in all."""
    config, splits, state = prepared(recipe)
    recorder = Recorder(config.training, splits, state, EventWriter(run.event_log).write)
    requests = Requests(run)
    spent, done, begun = 0.0, 0, 0.0
    for happened in train(state, setup_of(config), splits):
        if not isinstance(happened, Step):
            continue
        if done == WARM_UP:
            spent, begun = 0.0, time.perf_counter()
        start = time.perf_counter()
        recorder.step(happened)
        requests.learning_rate()
        requests.end()
        spent += time.perf_counter() - start
        done += 1
        if done == steps + WARM_UP:
            break
    return spent, time.perf_counter() - begun


def _validating(name: str, seconds: float) -> str:
    ratios, longest, part, images = [], 0.0, 0, 0
    for _ in range(ROUNDS):
        steps, without, _, _ = _trained(name, "epoch", seconds=seconds)
        _, within, waits, state = _trained(name, "auto", steps=steps)
        ratios.append(within / without)
        longest, (part, images) = max(longest, *waits), state
    spread = f"{min(ratios):.3f} / **{statistics.median(ratios):.3f}** / {max(ratios):.3f}"
    return f"| {name} | {part:,} of {images:,} | {spread} | {longest:.1f} |"


def _trained(
    name: str, every: str, steps: int | None = None, seconds: float = 0.0
) -> tuple[int, float, list[float], tuple[int, int]]:
    """Trains so many steps, or so long. Returns steps, seconds of the processor, seconds between points, and of how many
    validation pictures a part was measured within epochs."""
    config, splits, state = _some_photos() if name == RESNET else prepared(name)
    training = config.training.model_copy(update={"validate_every": every, "epochs": 10_000})
    done, begun, begun_cpu, point, waits = -WARM_UP, 0.0, 0.0, 0.0, [0.0]
    for happened in train(state, config.model_copy(update={"training": training}), splits):
        now = time.perf_counter()
        if isinstance(happened, Step):
            done += 1
            if done == 0:
                begun = point = now
                begun_cpu = time.process_time()
        if isinstance(happened, Validated | Epoch) and done >= 0:
            waits.append(now - point)
            point = now
        if done > 0 and (done == steps or (steps is None and now - begun > seconds)):
            break
    return done, time.process_time() - begun_cpu, waits, (state.part, len(splits.val))


def _some_photos() -> tuple[RunConfig, Splits, TrainingState]:
    """A large network, all of it trained, on colour pictures: noise takes as long as photos."""
    settings = {**NETWORKS[RESNET], "dataset": "cifar10", "optimizer": "adam", "training": {"batch_size": 64}}
    config = RunConfig.from_dict(settings)
    images = torch.randint(0, 256, (20_000, 3, 32, 32), dtype=torch.uint8)
    way = choose_way(config, CPU, data_folder(), pixels_of_a_batch(config)).way
    train_part, val = (
        replace(
            pictures(part, torch.arange(len(part)) % 10, config.dataset, CPU), dtype=way.precision, layout=way.layout
        )
        for part in (images, images[:5000])
    )
    splits = Splits(train_part, val, val)
    return config, splits, begin(config, splits, CPU, None, way.precision)


def _keeping(name: str, settings: dict, path: Path) -> str:
    config = RunConfig.from_dict({**settings, "dataset": "cifar10", "optimizer": "adam", "training": {"batch_size": 4}})
    images = torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8)
    some = pictures(images, torch.arange(8), config.dataset, CPU)
    splits = Splits(some, some, some)
    state = begin(config, splits, CPU, None)
    next(happened for happened in train(state, setup_of(config), splits) if isinstance(happened, Step))
    copying, writing = [], []
    for _ in range(7):
        start = time.perf_counter()
        content = {**network_content(state, description_of(config), {}), **resume_content(state, 1)}
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
