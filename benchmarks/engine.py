"""The engine beside the tutorials' loops and beside the floor, in float32, with one thread and with two.

    python -m benchmarks.engine [--rounds 7] [--recipes mlp simple_cnn ...] [--threads 1 2]

Floor: forward, backward and step of the tutorial's own network on one batch that never changes: what its loop would do if
data cost nothing. Own floor: the same for the engine's network, in its layout, with its allocator settings and its oneDNN
layers. The engine's figure includes picking, converting and normalising the images, counting hits, and writing the event
log.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from benchmarks import side_by_side
from core.recipes import find_recipe
from core.runs.launch import worker_environment

RECIPES = ["mlp", "simple_cnn", "simple_cnn_wide", "improved_cnn", "cifar_cnn"]
VARIANTS = ("tutorial", "floor", "engine", "own floor")
STEPS = {"mlp": 200, "cifar_cnn": 60}  # in a round; 80 for the others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=RECIPES)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        torch.set_num_threads(options.threads[0])
        side_by_side.serve(_variant(options.variant, options.recipes[0]))
        return
    print(
        "| recipe | threads | engine, images/s | engine / tutorial (min / median / max) | engine / floor | engine / own floor |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for recipe in options.recipes:
        for threads in options.threads:
            print(_row(recipe, threads, options.rounds), flush=True)


def _row(recipe: str, threads: int, rounds: int) -> str:
    command = ["-m", "benchmarks.engine", "--recipes", recipe, "--threads", str(threads), "--variant"]
    rates = side_by_side.measure(
        {variant: [*command, variant] for variant in VARIANTS},
        rounds,
        dict.fromkeys(("engine", "own floor"), _allocator()),
    )
    ratios = [side_by_side.ratio(rates["engine"], rates[other]) for other in ("tutorial", "floor", "own floor")]
    return f"| {recipe} | {threads} | {statistics.median(rates['engine']):,.0f} | {' | '.join(ratios)} |"


def _allocator() -> dict[str, str]:
    """What a worker's environment adds to ours."""
    return {key: value for key, value in worker_environment().items() if os.environ.get(key) != value}


def _variant(variant: str, recipe: str) -> Callable[[], float]:
    steps = STEPS.get(recipe, 80)
    if variant == "tutorial":
        from benchmarks.tutorials import training_round

        return training_round(recipe, steps)
    return {"engine": _engine, "own floor": _own_floor, "floor": _floor}[variant](recipe, steps)


def _begin(recipe: str):
    from benchmarks.cifar_zip import load_cifar10
    from core.paths import data_folder
    from core.training.batches import split
    from core.training.loop import begin

    config, device = find_recipe(recipe).config(), torch.device("cpu")
    data = load_cifar10() if config.dataset.name == "cifar10" else config.dataset.load(data_folder())
    splits = split(data, config.dataset, config.training.validation_share, config.training.seed, device)
    return config, splits, begin(config, splits, device, data_folder() / "weights")


def _engine(recipe: str, steps: int) -> Callable[[], float]:
    from core.runs.events import EventWriter
    from core.training.loop import train
    from core.training.recorder import Recorder

    config, splits, state = _begin(recipe)
    log = EventWriter(Path(tempfile.mkdtemp()) / "events.jsonl")
    recorder = Recorder(config, splits, state, torch.device("cpu"), log.write)

    def one_round() -> float:
        images = 0
        start = time.perf_counter()
        for step, happened in enumerate(train(state, config, splits), start=1):
            recorder.step(happened)
            images += happened.images
            if step == steps:
                break
        return images / (time.perf_counter() - start)

    return one_round


def _own_floor(recipe: str, steps: int) -> Callable[[], float]:
    config, splits, state = _begin(recipe)
    inputs, labels = splits.train.slice(0, config.training.batch_size)
    state.model.train()
    return _same_batch(state.model, config.loss.measure, state.optimizer, inputs, labels, steps)


def _floor(recipe: str, steps: int) -> Callable[[], float]:
    from benchmarks.tutorials import TUTORIALS

    model_class, images, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    inputs, labels = next(iter(DataLoader(images(), batch_size=batch_size)))
    model = model_class()
    return _same_batch(model, loss_class(), optimizer_of(model.parameters()), inputs, labels, steps)


def _same_batch(model, measure, optimizer, inputs, labels, steps: int) -> Callable[[], float]:
    torch.set_flush_denormal(True)  # a batch learned by heart gives gradients too small for the processor's fast path

    def one_round() -> float:
        start = time.perf_counter()
        for _ in range(steps):
            loss = measure(model(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return steps * len(labels) / (time.perf_counter() - start)

    return one_round


if __name__ == "__main__":
    main()
