"""The first hour on a GPU: the engine beside others on that card and on its computer's processor, and whether all goes well.

    python -m benchmarks.gpu [--rounds 5] [--recipes mlp ...] [--only speed learning checks] [--device cuda:0] [--short]

Prints the tables of benchmarks/README.md. Speed is images per second of training steps, in rounds that take turns in one process;
CIFAR-10's pictures are random numbers there, the speed is the same. A step's loss is read as seldom as in a run, and each round
ends when the GPU has finished. Lightning is measured where it is installed (benchmarks/requirements.txt). `--device cpu --short`
takes a minute, on random pictures, and shows that the script works where there is no GPU.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmarks import gpu_checks
from core.datasets import ImageData
from core.datasets.cache import open_images
from core.paths import data_folder
from core.recipes import RECIPES, find_recipe
from core.run_config import RunConfig
from core.training.batches import Splits, split
from core.training.build import begin, setup_of
from core.training.data import inputs_type, pixels_of_a_batch
from core.training.fastest import choose_way
from core.training.loop import Epoch, Step, TrainingState, train

SPEED = ["mlp", "simple_cnn", "simple_cnn_wide", "improved_cnn", "cifar_cnn", "cifar_94"]
GOALS = {"digits": 0.99, "simple_cnn_wide": 0.99, "cifar_94": 0.94}  # accuracy on the test pictures to be reached
PARTS = ("speed", "learning", "checks")


def main(arguments: list[str] | None = None) -> None:
    """What the command line says, or `arguments` in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=SPEED)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--short", action="store_true", help="random pictures, few of them, one round")
    options = parser.parse_args(arguments)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("No GPU that torch can use is here; `--device cpu --short` tries the script without one.")
    torch.backends.cudnn.benchmark = device.type == "cuda"
    print(f"{named(device)}, torch {torch.__version__}, {torch.get_num_threads()} CPU threads")
    known = {recipe.name for recipe in RECIPES}
    recipes = [recipe for recipe in options.recipes if recipe in known][: 1 if options.short else None]
    if missing := [recipe for recipe in options.recipes if recipe not in known]:
        print(f"Recipes that are not here: {', '.join(missing)}.")
    if "speed" in options.only:
        _speed(recipes, device, 1 if options.short else options.rounds, options.short)
    if "learning" in options.only and not options.short:
        _learning([recipe for recipe in GOALS if recipe in known], device)
    if "checks" in options.only:
        print("\n| what | found |\n| --- | --- |")
        for what, found in gpu_checks.all_of(device, options.short):
            print(f"| {what} | {found} |", flush=True)


def named(device: torch.device) -> str:
    """The card's name, or that there is none."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"no GPU ({device})"


def prepared(recipe: str, device: torch.device, random: bool = False) -> tuple[RunConfig, Splits, TrainingState]:
    """Config, data and fresh state of a recipe on a device; with random pictures where they need not be its own."""
    config = find_recipe(recipe).config()
    info = config.dataset.info()
    if random or config.dataset.name == "cifar10":
        some, count = torch.Generator().manual_seed(0), 4_000 if random else 50_000
        images: object = ImageData(
            torch.randint(0, 256, (count, *info.shape), dtype=torch.uint8, generator=some),
            torch.randint(0, len(info.class_names), (count,), generator=some),
            torch.randint(0, 256, (1_000, *info.shape), dtype=torch.uint8, generator=some),
            torch.randint(0, len(info.class_names), (1_000,), generator=some),
        )
    else:
        images = open_images(config.dataset, data_folder())
    way = choose_way(config, device, data_folder(), pixels_of_a_batch(config)).way
    share = config.training.validation_share
    dtype = inputs_type(config, way.precision)
    splits = split(images, config.dataset, share, 0, device, dtype, layout=way.layout)  # type: ignore[arg-type]
    return config, splits, begin(config, splits, device, None, way.precision)


def _speed(recipes: list[str], device: torch.device, rounds: int, short: bool) -> None:
    print("\n| recipe | batch | images/s, precision | ms a step | ms kernel by kernel | recorded / kernel by kernel "
          "| / tutorial | / Lightning | / CPU |")  # fmt: skip
    print("| --- " * 9 + "|")
    for recipe in recipes:
        print(_row(recipe, device, rounds, short), flush=True)


def _row(recipe: str, device: torch.device, rounds: int, short: bool) -> str:
    seconds = 0.0 if short else 1.0  # of a round; 0: one step
    variants = {
        "ours": _engine(recipe, device, seconds, short),
        "by kernel": _engine(recipe, device, seconds, short, graphs=False),
        "cpu": _engine(recipe, torch.device("cpu"), seconds, short),
    }
    if not short:
        variants |= _others(recipe, device, seconds)
    for one_round in variants.values():
        one_round()
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, one_round in variants.items():
            rates[name].append(one_round())
    config = find_recipe(recipe).config()
    batch = config.training.batch_size
    precision = choose_way(config, device, data_folder(), pixels_of_a_batch(config)).way.precision_name
    ours, kernel = (statistics.median(rates[name]) for name in ("ours", "by kernel"))
    beside = [_ratio(rates["ours"], rates.get(name)) for name in ("by kernel", "tutorial", "lightning", "cpu")]
    first = f"| {recipe} | {batch} | {ours:,.0f}, {precision} "
    return first + f"| {batch / ours * 1000:.2f} | {batch / kernel * 1000:.2f} | {' | '.join(beside)} |"


def _engine(
    recipe: str, device: torch.device, seconds: float, random: bool, graphs: bool = True
) -> Callable[[], float]:
    """`graphs`: with steps that are recorded as a CUDA graph, where the device has them."""
    config, splits, state = prepared(recipe, device, random)

    def steps() -> Iterator[int]:
        while True:
            state.epoch = 0  # never ends
            os.environ["TRAINDESK_GRAPHS"] = "1" if graphs else "0"  # read when the training begins
            for happened in train(state, setup_of(config), splits):
                if isinstance(happened, Step):
                    yield happened.images

    happening = steps()
    for _ in range(15 if seconds else 1):  # those that are recorded are checked in the first ones
        next(happening)

    def one_round() -> float:
        images, start = 0, time.perf_counter()
        while not images or time.perf_counter() - start < seconds:
            for _ in range(20 if seconds else 1):
                images += next(happening)
            _finish(device)
        return images / (time.perf_counter() - start)

    return one_round


def _others(recipe: str, device: torch.device, seconds: float) -> dict[str, Callable[[], float]]:
    """The tutorial's loop as published, network and batches moved to the device; Lightning with the same, as documented."""
    from torch.utils.data import DataLoader

    from benchmarks.tutorials import TUTORIALS

    if recipe not in TUTORIALS or recipe == "cifar_cnn":
        return {}
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
            if time.perf_counter() - start > seconds:
                break
        return done / (time.perf_counter() - start)

    others = {"tutorial": one_round}
    if importlib.util.find_spec("lightning"):
        from benchmarks.peer.lightning_trainer import training_round

        accelerator = "gpu" if device.type == "cuda" else "cpu"
        others["lightning"] = training_round(recipe, 200, "documented", Path(tempfile.mkdtemp()), accelerator)
    return others


def _learning(recipes: list[str], device: torch.device) -> None:
    """Seconds of training and validation until a recipe reaches its goal on the validation pictures, data in place."""
    from benchmarks.ours import accuracy_on_test

    print(
        "\n| recipe | goal | seconds to it | seconds of all epochs | test accuracy |\n| --- | --- | --- | --- | --- |"
    )
    for recipe in recipes:
        config = find_recipe(recipe).config()
        images = open_images(config.dataset, data_folder())
        way = choose_way(config, device, data_folder(), pixels_of_a_batch(config)).way
        precision, share = way.precision, config.training.validation_share
        dtype = inputs_type(config, precision)
        splits = split(images, config.dataset, share, 0, device, dtype, layout=way.layout)  # type: ignore[arg-type]
        state = begin(config, splits, device, data_folder() / "weights", precision)
        start, reached = time.perf_counter(), "not reached"
        for happened in train(state, setup_of(config), splits):
            if isinstance(happened, Epoch) and happened.metrics["val/accuracy"] >= GOALS[recipe] and reached[0] == "n":
                reached = f"{time.perf_counter() - start:.1f} (epoch {happened.epoch})"
        _finish(device)
        seconds, tested = time.perf_counter() - start, accuracy_on_test(state.eval_model, config, splits, precision)
        print(f"| {recipe} | {GOALS[recipe]:.0%} | {reached} | {seconds:.1f} | {tested:.2%} |", flush=True)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _ratio(rates: list[float], base: list[float] | None) -> str:
    if base is None:
        return "-"
    ratios = [rate / other for rate, other in zip(rates, base, strict=True)]
    return f"{min(ratios):.2f} / **{statistics.median(ratios):.2f}** / {max(ratios):.2f}"


if __name__ == "__main__":
    main()
