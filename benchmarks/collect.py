"""How soon a network answers while pictures are collected: from the last of 100 pictures to its first answer.

    python -m benchmarks.collect [--rounds 5] [--pictures 100]

The pictures are photos of 224 pixels, as the camera gives them, and drawings of 280, of five classes. `one by one`: all but the
last were seen when they came; `all at once`: none was, as after a burst; `after a restart`: none in this process, all on disk.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from core.files import remove_folder
from core.image_sets.kept_features import KeptFeatures
from core.image_sets.suggest import collected_how
from core.inference.collecting import Collecting, Example, Eye
from tests.doodles import DOODLES, draw_doodle
from tests.own import picture

CLASSES = 5
PATIENCE = 600.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=100)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="traindesk-"))
    ways = {"photos": (_photo, "crop"), "drawings": (_drawing, "ink")}
    seconds: dict[tuple[str, str], list[float]] = {}
    try:
        for number in range(options.rounds):
            for kind, (make, fit) in ways.items():
                examples = [_example(make, each, number) for each in range(options.pictures)]
                strange, how = make(options.pictures % CLASSES, 900 + number), collected_how(fit)
                for way, took in _measured(examples, strange, how, folder / f"{kind} {number}").items():
                    seconds.setdefault((kind, way), []).append(took)
    finally:
        remove_folder(folder)
    print(f"| {options.pictures} pictures | | seconds to the first answer (min / median / max) |\n| --- | --- | --- |")
    for (kind, way), took in seconds.items():
        print(f"| {kind} | {way} | {min(took):.2f} / **{median(took):.2f}** / {max(took):.2f} |")


def _measured(examples: list[Example], strange: Image.Image, how: dict[str, Any], folder: Path) -> dict[str, float]:
    """Seconds of each way; the network is loaded, as it is once the page has been open for some seconds."""
    eye = _warm(folder / "one", how)
    collecting = Collecting(eye)
    for count in range(2, len(examples)):  # as they come
        _learn(collecting, examples[:count], how)
    found = {"one by one": _answered(collecting, examples, strange, how)}
    found["all at once"] = _answered(Collecting(_warm(folder / "all", how)), examples, strange, how)
    found["after a restart"] = _answered(Collecting(_warm(folder / "one", how)), examples, strange, how)
    return found


def _answered(collecting: Collecting, examples: list[Example], strange: Image.Image, how: dict[str, Any]) -> float:
    began = time.perf_counter()
    _learn(collecting, examples, how)
    learned = collecting.learned
    assert learned is not None, collecting.problem
    learned.probabilities(learned.prepare(strange))
    return time.perf_counter() - began


def _learn(collecting: Collecting, examples: list[Example], how: dict[str, Any]) -> None:
    collecting.follow(examples, how)
    assert collecting.wait(PATIENCE), "it takes too long"


def _warm(folder: Path, how: dict[str, Any]) -> Eye:
    """An eye that has seen a picture: its network is loaded and its threads have begun."""
    import numpy as np

    eye = Eye(KeptFeatures(folder / "cache"))
    for pool in (eye.learning, eye.answering):
        pool.submit(eye.features, np.zeros((1, how["channels"], how["side"], how["side"]), np.uint8)).result()
    return eye


def _example(make: Callable[[int, int], Image.Image], number: int, seed: int) -> Example:
    buffer = io.BytesIO()
    make(number % CLASSES, seed * 1000 + number).save(buffer, "PNG")
    content = buffer.getvalue()
    return Example(f"{make.__name__} {seed} {number}", f"class {number % CLASSES}", lambda: content)


def _photo(kind: int, seed: int) -> Image.Image:
    return picture(["stripes", "dots", "rings", "noise", "blank"][kind], seed, (224, 224))


def _drawing(kind: int, seed: int) -> Image.Image:
    return draw_doodle(list(DOODLES)[kind], seed)


if __name__ == "__main__":
    main()
