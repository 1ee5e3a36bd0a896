"""The engine on a GPU beside the tutorials' loops on it and the engine on the same computer's processor.

    python -m benchmarks.gpu [--rounds 5] [--recipes mlp simple_cnn ...] [--syncs]

Images per second of training steps, in rounds that take turns in one process; the card is named. `--syncs` lists the
places where a step waits for the GPU (torch.cuda.set_sync_debug_mode) instead. CIFAR-10's pictures are random numbers here:
the speed is the same. A step's loss is read as seldom as in a run, and each round ends when the GPU has finished.
"""

from __future__ import annotations

import argparse
import collections
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator

import torch

from core.datasets import ImageData
from core.datasets.cache import open_images
from core.paths import data_folder
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.training.batches import Splits, split
from core.training.build import begin, setup_of
from core.training.data import inputs_type, pixels_of_a_batch
from core.training.fastest import choose_way
from core.training.loop import Step, TrainingState, train

RECIPES = ["mlp", "simple_cnn", "simple_cnn_wide", "improved_cnn", "cifar_cnn"]
SECONDS = 1.0  # of a round, at least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--syncs", action="store_true")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("No GPU that torch can use is here.")
    gpu = torch.device("cuda:0")
    print(f"{torch.cuda.get_device_name(gpu)}, torch {torch.__version__}, {torch.get_num_threads()} CPU threads\n")
    if options.syncs:
        for recipe in options.recipes:
            _list_syncs(recipe, gpu)
        return
    print("| recipe | batch | GPU: images/s, precision | ms a step | recorded / kernel by kernel | GPU / tutorial on the GPU | "
          "GPU / CPU |")  # fmt: skip
    print("| --- " * 7 + "|")
    for recipe in options.recipes:
        print(_row(recipe, gpu, options.rounds), flush=True)


def prepared(recipe: str, device: torch.device) -> tuple[RunConfig, Splits, TrainingState]:
    """Config, data and fresh state of a recipe on a device; CIFAR-10 is random pictures."""
    config = find_recipe(recipe).config()
    if config.dataset.name == "cifar10":
        some = torch.Generator().manual_seed(0)
        images: object = ImageData(
            torch.randint(0, 256, (50_000, 3, 32, 32), dtype=torch.uint8, generator=some),
            torch.randint(0, 10, (50_000,), generator=some),
            torch.randint(0, 256, (1_000, 3, 32, 32), dtype=torch.uint8, generator=some),
            torch.randint(0, 10, (1_000,), generator=some),
        )
    else:
        images = open_images(config.dataset, data_folder())
    way = choose_way(config, device, data_folder(), pixels_of_a_batch(config)).way
    share = config.training.validation_share
    dtype = inputs_type(config, way.precision)
    splits = split(images, config.dataset, share, 0, device, dtype, layout=way.layout)  # type: ignore[arg-type]
    return config, splits, begin(config, splits, device, None, way.precision)


def _row(recipe: str, gpu: torch.device, rounds: int) -> str:
    torch.backends.cudnn.benchmark = True
    variants: dict[str, Callable[[], float]] = {
        "gpu": _engine(recipe, gpu),
        "by kernel": _engine(recipe, gpu, graphs=False),
        "cpu": _engine(recipe, torch.device("cpu")),
    }
    if (tutorial := _tutorial(recipe, gpu)) is not None:
        variants["tutorial"] = tutorial
    for one_round in variants.values():
        one_round()
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, one_round in variants.items():
            rates[name].append(one_round())
    config = find_recipe(recipe).config()
    batch = config.training.batch_size
    precision = choose_way(config, gpu, data_folder(), pixels_of_a_batch(config)).way.precision_name
    throughput = statistics.median(rates["gpu"])
    beside = _ratio(rates["gpu"], rates["tutorial"]) if "tutorial" in rates else "-"
    return (
        f"| {recipe} | {batch} | {throughput:,.0f}, {precision} | {batch / throughput * 1000:.2f} | "
        f"{_ratio(rates['gpu'], rates['by kernel'])} | {beside} | "
        f"{_ratio(rates['gpu'], rates['cpu'])} |"
    )


def _engine(recipe: str, device: torch.device, graphs: bool = True) -> Callable[[], float]:
    """`graphs`: with steps that are recorded as a CUDA graph."""
    config, splits, state = prepared(recipe, device)
    os.environ["TRAINDESK_GRAPHS"] = "1" if graphs else "0"  # read when the training begins

    def steps() -> Iterator[int]:
        while True:
            state.epoch = 0  # never ends
            for happened in train(state, setup_of(config), splits):
                if isinstance(happened, Step):
                    yield happened.images

    happening = steps()
    next(happening)

    def one_round() -> float:
        images, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            for _ in range(20):
                images += next(happening)
            if device.type == "cuda":
                torch.cuda.synchronize()
        return images / (time.perf_counter() - start)

    return one_round


def _tutorial(recipe: str, device: torch.device) -> Callable[[], float] | None:
    """The tutorial's loop as published, network and batches moved to the device."""
    from torch.utils.data import DataLoader

    from benchmarks.tutorials import TUTORIALS

    if recipe not in TUTORIALS or recipe == "cifar_cnn":
        return None
    model_class, images, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    model, criterion = model_class().to(device), loss_class()
    optimizer = optimizer_of(model.parameters())
    loader = DataLoader(images(True), batch_size=batch_size, shuffle=True)

    def one_round() -> float:
        done, start = 0, time.perf_counter()
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            loss.item()
            done += len(labels)
            if time.perf_counter() - start > SECONDS:
                break
        return done / (time.perf_counter() - start)

    return one_round


def _ratio(rates: list[float], base: list[float]) -> str:
    ratios = [rate / other for rate, other in zip(rates, base, strict=True)]
    return f"{min(ratios):.2f} / **{statistics.median(ratios):.2f}** / {max(ratios):.2f}"


def _list_syncs(recipe: str, gpu: torch.device) -> None:
    config, splits, state = prepared(recipe, gpu)
    happening = train(state, setup_of(config), splits)
    for _ in range(5):
        next(happening)
    torch.cuda.synchronize()
    found: collections.Counter[str] = collections.Counter()
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(50):
            next(happening)
    torch.cuda.set_sync_debug_mode("default")
    for warning in caught:
        found[f"{warning.filename}:{warning.lineno}: {str(warning.message)[:60]}"] += 1
    print(f"{recipe}: {sum(found.values())} waits in 50 steps")
    for place, count in found.most_common(8):
        print(f"  {count:4} {place}")


if __name__ == "__main__":
    main()
