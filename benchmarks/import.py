"""Own pictures: from a ZIP to a dataset that trains, and how fast it trains.

    python -m benchmarks.import [--generated 200000] [--rounds 3]

Imports the ZIP of benchmarks.cifar_zip (60,000 JPEGs) and a generated one, each in a process of its own as the Data page
does, and prints seconds and memory. Then trains CIFAR CNN by the engine on the imported pictures and on the same pixels held
in memory, in turns, and prints the ratio of images per second. Needs the ZIP in the data folder.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.cifar_zip import ZIP_NAME, load_cifar10
from core.datasets.cache import open_images
from core.image_sets.folders import accept
from core.image_sets.imports import Job, Request, new_job
from core.paths import HOME, data_folder
from core.recipes import find_recipe
from core.run_config import RunConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        os.environ["TRAINDESK_DATA"], real = str(data), data_folder()
        print(
            "| pictures | import, s | pictures per second | most memory, MB | made ready, s |\n| --- | --- | --- | --- | --- |"
        )
        config = _measure("60,000 JPEGs of CIFAR-10", real / ZIP_NAME, data)
        if options.generated:
            archive = _generated(Path(folder, "generated.zip"), options.generated)
            _measure(f"{options.generated:,} generated JPEGs", archive, data)
        os.environ["TRAINDESK_DATA"] = str(real)
        _train_side_by_side(config, data, options.rounds)


def _measure(words: str, archive: Path, data: Path) -> RunConfig:
    """Imports a ZIP, prints a row, and returns a config that trains on it."""
    job = new_job(data)
    job.write(Request(str(archive), words))
    began = time.perf_counter()
    memory = _memory_of([sys.executable, "-m", "core.image_sets.import_process", str(job.folder)])
    spent = time.perf_counter() - began
    assert job.progress().state == "ready", job.progress()
    pictures = job.report().pictures
    config = _config(accept(Job(job.folder).dataset, words, data).id)
    began = time.perf_counter()
    open_images(config.dataset, data)
    ready = time.perf_counter() - began
    print(f"| {words} | {spent:.1f} | {pictures / spent:,.0f} | {memory / 1e6:,.0f} | {ready:.1f} |", flush=True)
    job.remove()
    return config


def _memory_of(command: list[str]) -> int:
    """The most bytes that a process and its helpers hold together, looked at 20 times a second."""
    process, most = subprocess.Popen(command, cwd=HOME), 0
    while process.poll() is None:
        held = 0
        try:
            for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
                held += each.memory_full_info().uss
        except psutil.Error:
            continue
        most = max(most, held)
        time.sleep(0.05)  # between two looks
    assert process.returncode == 0
    return most


def _config(source: str) -> RunConfig:
    data = find_recipe("cifar_cnn").config().to_dict()
    data["dataset"] = {"name": "own_images", "source": source, "side": 32, "normalisation": "half"}
    return RunConfig.from_dict(data)


def _generated(path: Path, count: int) -> Path:
    """A ZIP of so many different JPEGs of 48 x 48 pixels in ten class folders."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC).save(buffer, "JPEG")
            archive.writestr(f"class {number % 10}/{number}.jpg", buffer.getvalue())
    return path


def _train_side_by_side(config: RunConfig, data: Path, rounds: int) -> None:
    """Images per second on imported pictures against the same pixels in memory."""
    import torch

    from core.training.batches import split
    from core.training.build import begin, setup_of
    from core.training.data import inputs_type, pixels_of_a_batch
    from core.training.fastest import choose_way
    from core.training.loop import Step, train

    cpu = torch.device("cpu")
    way = choose_way(config, cpu, data, pixels_of_a_batch(config)).way

    def speed(images) -> float:
        dtype = inputs_type(config, way.precision)
        splits = split(images, config.dataset, 0.02, 0, cpu, dtype, layout=way.layout)
        state = begin(config, splits, cpu, data / "weights", way.precision)
        steps, began, first = 0, 0.0, 40
        for happened in train(state, setup_of(config), splits):
            if not isinstance(happened, Step):
                continue
            steps += 1
            if steps == first:
                began = time.perf_counter()
            if steps == first + 600:
                return 600 * config.training.batch_size / (time.perf_counter() - began)
        raise AssertionError("the epoch is too short")

    ratios = []
    for number in range(rounds):
        ways = [lambda: speed(open_images(config.dataset, data)), lambda: speed(load_cifar10())]
        found = [ways[0](), ways[1]()] if number % 2 == 0 else [ways[1](), ways[0]()][::-1]
        ratios.append(found[0] / found[1])
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print("\n| images per second, imported / the same in memory | min | median | max |\n| --- | --- | --- | --- |")
    print(f"| CIFAR CNN, {torch.get_num_threads()} threads | {low:.2f} | {middle:.2f} | {high:.2f} |")


if __name__ == "__main__":
    main()
