"""Whether the page in one file prepares pictures as the dashboard does: the scripts in Chromium beside `core.images`.

    python -m benchmarks.one_page [--drawings 1000] [--strangers FOLDER] [--ants ants_bees.zip] [--cifar cifar10-jpg.zip]

Drawings have the canvas's size, 280 x 280: digits and doodles of a round pen (tests/drawings.py, tests/doodles.py) and MNIST's
test digits enlarged. The example run answers both, what the browser prepared and what Python did. Photos come from a folder of
PNG files and from ZIP files in the data folder; what is missing there is left out. Differences are of pixels, 0 to 255; times are
the least of three. Needs requirements-dev.txt, Chromium and MNIST.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets._base import Preparation
from core.datasets.cache import open_images
from core.images.read import read_image
from core.inference.classifier import Classifier
from core.paths import data_folder, example_folder
from core.runs.store import Run
from tests.browser.conftest import launch_chromium
from tests.browser.preparing import difference, prepared_in_browser, prepared_in_python, preparing_page
from tests.doodles import DOODLES, draw_doodle
from tests.drawings import draw_digit, on_paper, stroke_mask, styles

SIDE = 280  # of the canvas
PHOTOS = 60  # of paper
FROM_ZIP = 200
TRIES = 3  # of each picture; the least time counts, in which nothing came between


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=1000)
    parser.add_argument("--strangers", type=Path, default=data_folder() / "strangers_digits")
    parser.add_argument("--ants", type=Path, default=data_folder() / "ants_bees.zip")
    parser.add_argument("--cifar", type=Path, default=data_folder() / "cifar10-jpg.zip")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    network = Classifier.load(Run(example_folder()))
    random = np.random.default_rng(0)
    few = options.drawings // 8
    sets = {
        "digits of a pen": [_digit(random) for _ in range(options.drawings - 5 * few)],
        "doodles": [_doodle(random) for _ in range(few)],
        "MNIST's, enlarged": [_enlarged(image, random) for image in _test_images(network, 4 * few)],
        "photos of paper": [_sheet(random) for _ in range(PHOTOS)],
        "of strangers": [read_image(path.read_bytes(), path.name) for path in sorted(options.strangers.glob("*.png"))],
    }
    ants, cifar = _unzipped(options.ants, random), _unzipped(options.cifar, random)
    print("| pictures | prepared by | number | all pixels the same | largest | mean | same class | ms: median | 95 % |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        page = preparing_page(chromium)
        ink = Preparation("ink", "prepare_ink")
        prepared_in_browser(page, sets["digits of a pen"][:40], ink)  # compiled as it is once someone draws
        for name, images in sets.items():
            _row(page, name, images, ink, network)
        _row(page, "of strangers", sets["of strangers"], Preparation("optdigits", "prepare_optdigits"))
        _row(page, "of strangers", sets["of strangers"], Preparation("photo", "prepare_clothing"))
        for name, images in (("ants and bees", ants), ("CIFAR-10's", cifar)):
            _row(page, name, images, Preparation("photo", "prepare_photo", {"channels": 3, "size": (32, 32)}))
            for fit in ("crop", "pad", "stretch"):
                _row(page, name, images, Preparation("fit", "prepare_square", {"channels": 3, "side": 96, "fit": fit}))
        chromium.close()


def _row(
    page, name: str, images: Sequence[Image.Image], preparation: Preparation, network: Classifier | None = None
) -> None:
    if not images:
        return
    theirs, milliseconds = prepared_in_browser(page, images, preparation, TRIES)
    ours = prepared_in_python(images, preparation)
    apart = [difference(one, other) for one, other in zip(theirs, ours, strict=True)]
    same = "-"
    if network:
        both = [pair for pair in zip(theirs, ours, strict=True) if not any(isinstance(each, str) for each in pair)]
        answers = [network.predict([pair[side] for pair in both]).argmax(axis=1) for side in (0, 1)]
        refused = sum(one == other for one, other in zip(theirs, ours, strict=True) if isinstance(one, str))
        same = f"{(answers[0] == answers[1]).sum() + refused:,}"
    fit = f" ({preparation.arguments['fit']})" if "fit" in preparation.arguments else ""
    spent = np.percentile(milliseconds, [50, 95])
    print(
        f"| {name} | {preparation.function}{fit} | {len(images):,} | {sum(each.max() == 0 for each in apart):,} "
        f"| {max(each.max() for each in apart)} | {np.mean([each.mean() for each in apart]):.4f} | {same} "
        f"| {spent[0]:.1f} | {spent[1]:.1f} |",
        flush=True,
    )


def _digit(random: np.random.Generator) -> Image.Image:
    digit = int(random.integers(10))
    return draw_digit(
        digit,
        int(random.integers(styles(digit))),
        size=SIDE,
        pen=random.uniform(3, 40),
        fill=random.uniform(0.25, 0.95),
        middle=tuple(random.uniform(0.4, 0.6, 2)),
        slant=random.uniform(-0.3, 0.3),
        turn=random.uniform(-12, 12),
        widen=random.uniform(0.8, 1.3),
        wobble=0.01,
        seed=int(random.integers(1_000_000)),
    )


def _doodle(random: np.random.Generator) -> Image.Image:
    return draw_doodle(
        str(random.choice(list(DOODLES))), int(random.integers(1_000_000)), size=SIDE, pen=random.uniform(6, 30)
    )


def _enlarged(digit: np.ndarray, random: np.random.Generator) -> Image.Image:
    """MNIST's digit, uint8 (28, 28), with sharp edges somewhere on the canvas, dark on white."""
    side = int(random.integers(120, SIDE + 1))
    large = Image.fromarray(digit).resize((2 * side, 2 * side), Image.Resampling.BICUBIC)
    field = Image.new("L", (SIDE, SIDE), 255)
    left, top = random.integers(0, SIDE - side + 1, 2).tolist()
    field.paste(large.point([255 * (value < 128) for value in range(256)]).reduce(2), (left, top))
    return field


def _sheet(random: np.random.Generator) -> Image.Image:
    mask = stroke_mask(
        int(random.integers(10)),
        size=((640, 480), (480, 640), (1200, 900))[int(random.integers(3))],
        pen=random.uniform(4, 20),
        fill=random.uniform(0.3, 0.8),
        turn=random.uniform(-15, 15),
    )
    return on_paper(
        mask,
        light=random.uniform(0.1, 0.7),
        noise=random.uniform(0, 8),
        rule=int(random.choice([0, 30, 44, 60])),
        checked=bool(random.integers(2)),
        table=float(random.choice([0, 0, 0.15])),
        seed=int(random.integers(1_000_000)),
    )


def _test_images(network: Classifier, count: int) -> list[np.ndarray]:
    images = open_images(network.config.dataset, data_folder())
    _, height, width = images.shape
    return list(images.test_pixels[:count].numpy().reshape(-1, height, width))


def _unzipped(archive: Path, random: np.random.Generator) -> list[Image.Image]:
    """Some of the pictures in it, none if it is not there."""
    if not archive.is_file():
        return []
    with zipfile.ZipFile(archive) as files:
        names = sorted(name for name in files.namelist() if name.endswith(".jpg"))
        chosen = random.choice(names, min(FROM_ZIP, len(names)), replace=False)
        return [read_image(files.read(name), name) for name in map(str, chosen)]


if __name__ == "__main__":
    main()
