"""How many drawn and photographed digits a network trained on plain MNIST reads, kind by kind.

    python -m benchmarks.drawings [--recipe simple_cnn_wide] [--epochs 4] [--seeds 3] [--each 40]

The digits are pen strokes in several handwritings (tests/drawings.py), taken from no dataset. Beside ours stand plain
resizing to the network's size, and resizing with light pages inverted, as most demos do.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from core.cli.overrides import with_overrides
from core.errors import NothingDrawn
from core.inference.classifier import Classifier
from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.store import create_run
from core.workers.worker import work
from tests.drawings import draw_digit, on_paper, see_through, stroke_mask, styles

Case = tuple[str, int, Image.Image]  # kind, digit, picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="simple_cnn_wide")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--each", type=int, default=40, help="pictures of each kind")
    options = parser.parse_args()
    cases = list(pictures(options.each, np.random.default_rng(0)))
    networks = [trained(options.recipe, options.epochs, seed) for seed in range(options.seeds)]
    side = networks[0].prepare(cases[0][2]).shape[-1]
    ways: dict[str, Callable] = {
        "plain resizing": partial(resized, side=side),
        "with inversion": partial(inverted, side=side),
        "prepare": networks[0].prepare,
    }
    right = {way: sum(read(network, cases, prepare) for network in networks) for way, prepare in ways.items()}
    print(f"| kind of picture | {' | '.join(ways)} |\n| --- | {' | '.join('---' for _ in ways)} |")
    kinds = np.array([kind for kind, _, _ in cases])
    for kind in [*dict.fromkeys(kinds), "all"]:
        chosen = (kinds == kind) | (kind == "all")
        shares = [right[way][chosen].sum() / chosen.sum() / options.seeds for way in ways]
        print(f"| {kind} | {' | '.join(f'{share:.1%}' for share in shares)} |")


def trained(recipe: str, epochs: int, seed: int, *more: str) -> Classifier:
    """A network trained by the recipe, changed only in its epochs and seed, and in what `more` says ("batch_size=64")."""
    changes = [f"epochs={epochs}", f"seed={seed}", "epoch_seconds=0", *more]
    config = with_overrides(find_recipe(recipe).config(), changes)
    run = create_run(config, Path(tempfile.mkdtemp()))
    work(run, data_folder())
    return Classifier.load(run)


def read(network: Classifier, cases: list[Case], prepare: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """Which pictures are read right: bool (N,). One in which nothing is found counts as wrong."""
    prepared, found = [], []
    for _, _, picture in cases:
        try:
            prepared.append(prepare(picture))
            found.append(True)
        except NothingDrawn:
            prepared.append(np.zeros_like(prepared[0]))
            found.append(False)
    answers = network.predict(prepared).argmax(axis=1)
    return (answers == [digit for _, digit, _ in cases]) & found


def resized(picture: Image.Image, side: int) -> np.ndarray:
    return np.asarray(_flat(picture).resize((side, side)))[None]


def inverted(picture: Image.Image, side: int) -> np.ndarray:
    grey = resized(picture, side)
    return 255 - grey if np.median(grey) > 127 else grey


def pictures(each: int, chance: np.random.Generator, largest: tuple[int, int] = (4000, 3000)) -> Iterator[Case]:
    """`each` pictures of every kind, digits in turn; every fourth photo is of the `largest` size."""
    between = chance.uniform
    for number in range(each):

        def drawn(make: Callable, digit: int = number % 10, **options) -> Image.Image:
            hand = {
                "style": int(chance.integers(styles(digit))), "slant": between(-0.1, 0.3), "turn": between(-10, 10),
                "widen": between(0.85, 1.2), "wobble": 0.015, "seed": int(chance.integers(1e6)),
            }  # fmt: skip
            return make(digit, **hand, **options)

        def photo(pen: float, fill: float, number: int = number, drawn: Callable = drawn, **paper) -> Image.Image:
            size = [(640, 480), (480, 640), (1200, 900), largest][number % 4]
            mask = drawn(stroke_mask, size=size, pen=pen * min(size), fill=fill, middle=(between(0.4, 0.6), 0.5))
            return _jpeg(on_paper(mask, light=between(0.2, 0.6), noise=between(2, 6), seed=number, **paper))

        digit = number % 10
        canvas = {"size": 280, "pen": between(8, 30), "fill": between(0.4, 0.75)}
        yield "black on white", digit, drawn(draw_digit, **canvas)
        yield "white on black", digit, drawn(draw_digit, **canvas, ink=255, paper=0)
        yield "transparent, dark strokes", digit, see_through(drawn(stroke_mask, **canvas), (20, 20, 60), (0, 0, 0))
        yield "transparent, white strokes", digit, see_through(drawn(stroke_mask, **canvas), (255,) * 3, (255,) * 3)
        yield "colour on colour", digit, drawn(draw_digit, **canvas, ink=(200, 40, 40), paper=(240, 220, 130))
        yield "thin pen", digit, drawn(draw_digit, size=(900, 600), pen=between(2, 6), fill=between(0.3, 0.9))
        yield "very thick pen", digit, drawn(draw_digit, size=280, pen=between(38, 54), fill=0.65)
        corner = (chance.choice([0.15, 0.85]), chance.choice([0.2, 0.8]))
        yield (
            "small, in a corner",
            digit,
            drawn(draw_digit, size=(900, 700), pen=between(4, 12), fill=0.2, middle=corner),
        )
        yield "huge, at the border", digit, drawn(draw_digit, size=280, pen=between(14, 36), fill=between(0.85, 1))
        yield "28 x 28", digit, drawn(draw_digit, size=28, pen=between(1, 3.5), fill=between(0.55, 0.9))
        yield "photo, pen", digit, photo(between(0.01, 0.02), between(0.3, 0.7), ink=(30, 40, 120))
        yield "photo, pencil", digit, photo(between(0.008, 0.016), between(0.3, 0.7), strength=between(0.5, 0.8))
        yield "photo, marker", digit, photo(between(0.03, 0.07), between(0.3, 0.7), ink=(20, 20, 25))
        yield "photo, lined paper", digit, photo(between(0.012, 0.03), 0.5, rule=60, checked=number % 2 == 0)
        yield "photo, table beside", digit, photo(between(0.012, 0.04), between(0.3, 0.5), table=between(0.06, 0.18))


def _flat(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    return picture.convert("L")


def _jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=80)
    return Image.open(buffer)


if __name__ == "__main__":
    main()
