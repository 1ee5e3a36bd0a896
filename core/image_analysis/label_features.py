"""What a network that knows photos, and the pixels, say of each picture of a dataset: made once for a picture, then kept."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.files import remove_file
from core.image_sets.decode import prepared
from core.image_sets.kept_features import KeptFeatures, content_key
from core.image_sets.own_dataset import OwnDataset

LONGEST = 300.0  # seconds of making features, after which the rest is left out
SIDES = (64, 96, 160, 224)  # pixels that the network of the features sees: the largest that the usual picture has
FINE = 2000  # pictures up to which it may be the last of SIDES, which takes twice the time: of doubted labels more are wrong
SMALL = 64  # pixels a side up to which the pixels themselves count beside the network's features
PIXELS = 16  # a side
BATCH = 64

Progress = Callable[[str, int, int], None]  # phase, done, of how many


def features_of(dataset: OwnDataset, images: np.ndarray, progress: Progress) -> list[np.ndarray]:
    """float32 (n, F) each, of the first n pictures: what a network that knows photos sees; pixels too where they are small."""
    from core.image_analysis.photo_features import photo_features, photo_network

    drawn = dataset.about("fit") == "ink"
    fit = dataset.about("fit", "crop")
    usual = dataset.usual_side()
    sides = SIDES if len(images) <= FINE else SIDES[:-1]
    side = 28 if drawn else max((each for each in sides if each <= usual), default=SIDES[0])
    with contextlib.suppress(OSError):  # what earlier releases kept
        remove_file(dataset.folder / "features.npz")
    kept = KeptFeatures(dataset.folder)
    keys = {image: content_key(str(image).encode(), f"{fit} {side}") for image in images.tolist()}
    found = kept.get(list(keys.values()))
    missing = np.array([image for image, key in keys.items() if key not in found], dtype=np.int64)
    ended = time.monotonic() + LONGEST
    network = photo_network() if len(missing) else None
    how: dict[str, Any] = {"channels": 1 if drawn else 3, "side": side, "fit": fit}
    done = len(images) - len(missing)
    for start, block in prepared(dataset, missing, how, BATCH):
        rows = np.concatenate([photo_features(network, block), _pixels(block)], axis=1)
        new = {keys[image]: row for image, row in zip(missing[start : start + len(block)].tolist(), rows, strict=True)}
        kept.put(new)
        found |= new
        done += len(block)
        progress("Looking at the pictures", done, len(images))
        if time.monotonic() > ended:
            break
    known = itertools.takewhile(lambda row: row is not None, map(found.get, keys.values()))
    table = np.array(list(known), dtype=np.float32)
    pixels = PIXELS * PIXELS
    return [table[:, :-pixels], table[:, -pixels:]] if usual <= SMALL or drawn else [table[:, :-pixels]]


def _pixels(block: np.ndarray) -> np.ndarray:
    """float32 (n, PIXELS * PIXELS), 0..1, of pictures (n, C, S, S): grey and small."""
    from PIL import Image

    grey = block.mean(axis=1).astype(np.uint8)
    small = [Image.fromarray(each).resize((PIXELS, PIXELS), Image.Resampling.BOX) for each in grey]
    return np.stack([np.asarray(each, dtype=np.float32).reshape(-1) / 255 for each in small])
