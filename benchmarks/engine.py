"""The engine beside the tutorials' loops and beside the floor, with one thread and with two.

    python -m benchmarks.engine [--rounds 7] [--recipes mlp simple_cnn ...] [--threads 1 2]

Floor: forward, backward and step on one batch that never changes, of the engine's own network in its layout, with its
allocator settings and its oneDNN layers: what its loop would do if data and records cost nothing. Plain floor: the same of
the tutorial's network as published. The engine's figure includes picking, converting and normalising the images, counting
hits, the schedule and writing the event log. Automatic: the precision the engine chooses by itself on this processor.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from benchmarks import side_by_side
from benchmarks.ours import prepared
from core.machine.environment import worker_environment
from core.paths import data_folder
from core.recipes import find_recipe
from core.training.build import setup_of
from core.training.data import pixels_of_a_batch
from core.training.fastest import choose_way
from core.training.precision import mixed

RECIPES = ["mlp", "simple_cnn", "simple_cnn_wide", "improved_cnn", "cifar_cnn"]
VARIANTS = ("tutorial", "plain floor", "float32 engine", "float32 floor", "engine", "floor")
COLUMNS = (
    ("engine", "tutorial"),
    ("float32 engine", "tutorial"),
    ("float32 engine", "plain floor"),
    ("float32 engine", "float32 floor"),
    ("engine", "floor"),
)
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
    print("| recipe | threads | automatic: images/s, precision | automatic / tutorial (min / median / max) | "
          "float32 / tutorial | float32 / plain floor | float32 / floor | automatic / floor |")  # fmt: skip
    print("| --- " * 8 + "|")
    for recipe in options.recipes:
        for threads in options.threads:
            print(_row(recipe, threads, options.rounds), flush=True)


def _row(recipe: str, threads: int, rounds: int) -> str:
    command = ["-m", "benchmarks.engine", "--recipes", recipe, "--threads", str(threads), "--variant"]
    ours = [variant for variant in VARIANTS if variant not in ("tutorial", "plain floor")]
    rates = side_by_side.measure(
        {variant: [*command, variant] for variant in VARIANTS}, rounds, dict.fromkeys(ours, _allocator())
    )
    ratios = [side_by_side.ratio(rates[one], rates[other]) for one, other in COLUMNS]
    throughput = f"{statistics.median(rates['engine']):,.0f}, {_precision(recipe)}"
    return f"| {recipe} | {threads} | {throughput} | {' | '.join(ratios)} |"


def _precision(recipe: str) -> str:
    config = find_recipe(recipe).config()
    return choose_way(config, torch.device("cpu"), data_folder(), pixels_of_a_batch(config)).way.precision_name


def _allocator() -> dict[str, str]:
    """What a worker's environment adds to ours."""
    return {key: value for key, value in worker_environment().items() if os.environ.get(key) != value}


def _variant(variant: str, recipe: str) -> Callable[[], float]:
    steps = STEPS.get(recipe, 80)
    if variant == "tutorial":
        from benchmarks.tutorials import training_round

        return training_round(recipe, steps)
    if variant == "plain floor":
        return _plain_floor(recipe, steps)
    wanted = "float32" if variant.startswith("float32") else "auto"
    return (_engine if variant.endswith("engine") else _floor)(recipe, steps, wanted)


def _engine(recipe: str, steps: int, wanted: str) -> Callable[[], float]:
    from core.runs.events import EventWriter
    from core.training.event_recorder import Recorder
    from core.training.loop import Step, train

    config, splits, state = prepared(recipe, precision=wanted)
    log = EventWriter(Path(tempfile.mkdtemp()) / "events.jsonl")
    recorder = Recorder(config.training, splits, state, log.write)
    happening = train(state, setup_of(config), splits)

    def one_round() -> float:
        nonlocal happening
        images = done = 0
        if len(splits.train) // config.training.batch_size - state.batch < steps:  # no validation within a round
            happening.close()
            state.batch = 0
            happening = train(state, setup_of(config), splits)
        start = time.perf_counter()
        for happened in happening:
            if isinstance(happened, Step):
                recorder.step(happened)
                images += happened.images
                done += 1
            if done == steps:
                break
        return images / (time.perf_counter() - start)

    return one_round


def _floor(recipe: str, steps: int, wanted: str) -> Callable[[], float]:
    config, splits, state = prepared(recipe, precision=wanted)
    inputs, labels = splits.train.slice(0, config.training.batch_size)
    state.model.train()
    precision = mixed(state.precision, torch.device("cpu"))
    return _same_batch(state.model, config.loss.measure, state.optimizer, inputs, labels, steps, precision)


def _plain_floor(recipe: str, steps: int) -> Callable[[], float]:
    from benchmarks.tutorials import TUTORIALS

    model_class, images, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    inputs, labels = next(iter(DataLoader(images(True), batch_size=batch_size)))
    model = model_class()
    return _same_batch(model, loss_class(), optimizer_of(model.parameters()), inputs, labels, steps)


def _same_batch(model, measure, optimizer, inputs, labels, steps: int, precision=None) -> Callable[[], float]:
    torch.set_flush_denormal(True)  # a batch learned by heart gives gradients too small for the processor's fast path

    def one_round() -> float:
        start = time.perf_counter()
        for _ in range(steps):
            with precision or contextlib.nullcontext():
                logits = model(inputs)
            loss = measure(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return steps * len(labels) / (time.perf_counter() - start)

    return one_round


if __name__ == "__main__":
    main()
