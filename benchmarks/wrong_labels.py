"""Wrong labels: how many of those planted are found, and how many of those named are wrong.

    python -m benchmarks.wrong_labels [--seeds 3] [--share 0.05] [--ants ants_bees.zip]

Brings photos of ants and bees, the digits of 8 x 8 pixels that scikit-learn has, and drawn symbols in as own pictures, gives
a share of them a wrong label, and looks for wrong labels as the Check part of the Data page does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core.image_analysis.label_check import check
from core.image_sets.edit import editing
from core.image_sets.ingest import ingest
from core.image_sets.own_dataset import OwnDataset
from core.paths import data_folder
from tests.doodles import DOODLES, draw_doodle
from tests.own import encoded, zipped

DRAWN = 60  # of each symbol
SYMBOLS = 12
OF_EACH_DIGIT = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--ants", type=Path, default=data_folder() / "ants_bees.zip")
    options = parser.parse_args()
    print("| pictures | planted | found | of those named are wrong | first look, s | next looks, s |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for words, path, fit in _sets(Path(folder), options.ants):
            dataset, _ = ingest(path, Path(folder, words.replace(" ", "_")), words, lambda *_: None)
            dataset.set_about(**({"fit": fit} if fit else {}))
            _measure(words, dataset, options)


def _sets(folder: Path, ants: Path) -> Iterator[tuple[str, Path, str]]:
    """Name, ZIP and how pictures become square."""
    if ants.exists():
        yield "photos of ants and bees", ants, ""
    from sklearn.datasets import load_digits

    digits = load_digits()
    files = {}
    for label in range(10):
        for number, pixels in enumerate(digits.images[digits.target == label][:OF_EACH_DIGIT]):
            files[f"{label}/{number}.png"] = encoded(Image.fromarray((pixels * 15.9).astype(np.uint8)))
    yield "digits of 8 x 8 pixels", zipped(folder / "digits.zip", files), ""
    files = {
        f"{name}/{number}.png": encoded(draw_doodle(name, number))
        for name in list(DOODLES)[:SYMBOLS]
        for number in range(DRAWN)
    }
    yield "drawn symbols", zipped(folder / "symbols.zip", files), "ink"


def _measure(words: str, dataset: OwnDataset, options: argparse.Namespace) -> None:
    members = dataset.members()
    ids = np.array([each.id for each in dataset.classes()])
    found, right, seconds = [], [], []
    for seed in range(options.seeds):
        random = np.random.default_rng(seed)
        planted = random.choice(len(members.images), round(options.share * len(members.images)), replace=False)
        with editing(dataset, "planted") as edit:
            edit.back_to(1)
            for place in planted.tolist():
                wrong = random.choice(ids[ids != members.classes[place]])
                edit.move([int(members.images[place])], int(wrong))
        began = time.perf_counter()
        doubted = {doubt.image for doubt in check(dataset, lambda *_: None).doubts}
        seconds.append(time.perf_counter() - began)
        hits = len(doubted & set(members.images[planted].tolist()))
        found.append(hits / len(planted))
        right.append(hits / max(1, len(doubted)))
    print(
        f"| {len(members.images):,} {words} | {options.share:.0%} | {_spread(found)} | {_spread(right)} "
        f"| {seconds[0]:.1f} | {np.median(seconds[1:] or seconds):.1f} |",
        flush=True,
    )


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.0%} ({min(values):.0%} to {max(values):.0%})"


if __name__ == "__main__":
    main()
