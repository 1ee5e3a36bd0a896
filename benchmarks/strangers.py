"""How many digits that strangers drew the recipes read.

    python -m benchmarks.strangers FOLDER [--recipes digits fast_mnist] [--seeds 0 1 2]

FOLDER holds pictures and `labels.json`: {"labels": {"000.png": 0, ...}}. Each recipe is trained anew for each seed. Beside the
digits stand the test accuracy, the seconds of training on this computer, and how many of the doodles of tests/doodles.py are
refused at the limit at which 98 % of the validation pictures are answered.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.drawings import Case, read, trained
from core.datasets.cache import open_images
from core.images.read import read_image
from core.inference.classifier import Classifier
from core.inference.neighbours import Neighbours
from core.paths import data_folder
from core.recipes import find_recipe
from tests.doodles import DOODLES, draw_doodle

ANSWERED = 0.98


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipes", nargs="+", default=["digits", "fast_mnist", "simple_cnn_wide"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    cases = drawn_by_strangers(options.folder)
    print("| recipe | seed | digits read | test accuracy | seconds of training | doodles refused |")
    print("| --- | --- | --- | --- | --- | --- |")
    for recipe in options.recipes:
        for seed in options.seeds:
            begun = time.perf_counter()
            network = trained(recipe, find_recipe(recipe).config().training.epochs, seed)
            seconds = time.perf_counter() - begun
            right = read(network, cases, network.prepare)
            row = (recipe, seed, f"{right.sum()} of {len(cases)}", f"{accuracy(network):.2%}", f"{seconds:.0f}")
            print("|", *(f"{value} |" for value in (*row, f"{refused(network):.0%}")), flush=True)
            for (name, digit, _), ok in zip(cases, right, strict=True):
                if not ok:
                    print(f"<!-- {name}, a {digit}, is misread -->")


def drawn_by_strangers(folder: Path) -> list[Case]:
    """(file, digit, picture) of everything that `labels.json` names."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["labels"]
    return [(name, digit, read_image((folder / name).read_bytes(), name)) for name, digit in labels.items()]


def accuracy(network: Classifier) -> float:
    """Share of the dataset's test pictures that are read right."""
    images = open_images(network.config.dataset, data_folder())
    channels, height, width = images.shape
    pixels = images.test_pixels.numpy().reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    return float((network.predict(pixels).argmax(axis=1) == images.test_labels.numpy()).mean())


def refused(network: Classifier) -> float:
    """Share of the doodles, three of each, that are unlike everything the network learned from."""
    known = Neighbours.of(network, data_folder())
    doodles = np.stack([network.prepare(draw_doodle(name, seed)) for name in DOODLES for seed in range(3)])
    return float((known.ood_score(network.embed(doodles)[0], doodles) > known.limit(ANSWERED)).mean())


if __name__ == "__main__":
    main()
