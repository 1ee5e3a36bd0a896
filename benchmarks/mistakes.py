"""What a network gets wrong, of many test pictures: how long until a page has it all.

    python -m benchmarks.mistakes [--pictures 10000] [--rounds 5]

Reads stored predictions and makes the confusion matrix, the classes in numbers, the worst mistakes, the best picture of each
class, the pictures behind a cell and the reliability curve, and draws a gallery of 24 pictures of MNIST, or of noise where
MNIST is not in the data folder.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from core.analysis.mistakes import best_of_each_class, confusion, in_cell, reliability, worst
from core.analysis.scores import scores
from core.datasets.mnist import MNIST
from core.datasets.thumbnails import pictures_of
from core.paths import data_folder
from core.runs.predictions import Predictions, read_predictions, write_predictions
from core.runs.store import Run
from pages.components.run.mistakes_view import SHOWN, Shown, prediction_card


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| pictures | classes | all of it, ms (min / median / max) |\n| --- | --- | --- |")
    for classes in (10, 100):
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder))
            write_predictions(run, "test", _made_up(options.pictures, classes))
            spent = [_measure(run, classes) * 1000 for _ in range(options.rounds)]
        times = f"{min(spent):.0f} / **{statistics.median(spent):.0f}** / {max(spent):.0f}"
        print(f"| {options.pictures:,} | {classes} | {times} |")


def _measure(run: Run, classes: int) -> float:
    begin = time.perf_counter()
    predictions = read_predictions(run, "test")
    names = [str(label) for label in range(classes)]
    matrix = confusion(predictions)
    scores(matrix, tuple(names))
    mistakes = worst(predictions)
    best_of_each_class(predictions)
    reliability(predictions)
    in_cell(predictions, 1, 7)
    pixels = pictures_of(MNIST(), data_folder(), "test")
    if pixels is None or len(pixels) < len(predictions):
        pixels = np.zeros((len(predictions), 28, 28, 1), np.uint8)
    shown = Shown(run, "test", predictions, names, pixels)
    for place in mistakes[:SHOWN]:
        prediction_card(shown, int(place))
    return time.perf_counter() - begin


def _made_up(pictures: int, classes: int) -> Predictions:
    """About nine in ten right."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, pictures)
    logits = random.normal(size=(pictures, classes)).astype(np.float32)
    logits[np.arange(pictures), labels] += 5
    return Predictions(logits - logits.max(axis=1, keepdims=True), labels, np.arange(pictures))


if __name__ == "__main__":
    main()
