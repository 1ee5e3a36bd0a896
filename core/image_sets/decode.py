"""Kept pictures -> pixels of one size, in parallel where there are many."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

from core.errors import ImageError
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.read_ahead import in_order
from core.images.fit import prepare_square
from core.images.read import read_image
from core.machine.cores import usable_cores

CHUNK = 256


def prepared(
    dataset: OwnDataset, images: np.ndarray, how: dict[str, Any], chunk: int = CHUNK
) -> Iterator[tuple[int, np.ndarray]]:
    """(place of the first, uint8 (n, C, H, W)) of these image numbers, `chunk` at a time; `how` is what `prepare_square` takes.

    In threads: Pillow lets others compute while it decodes and scales. Raises OwnDataError.
    """
    workers = usable_cores()
    starts = range(0, len(images), chunk)
    work = ((start, (list(dataset.contents(images[start : start + chunk].tolist())), how)) for start in starts)
    with ThreadPoolExecutor(workers) as pool:
        yield from in_order(pool, decode, work, workers)


def decode(contents: list[bytes], how: dict[str, Any]) -> np.ndarray:
    """uint8 (n, C, H, W). A drawing in which nothing is found becomes black; what was readable once stays so."""
    shape = (how["channels"], how["side"], how["side"])
    pixels = np.zeros((len(contents), *shape), dtype=np.uint8)
    for place, content in enumerate(contents):
        try:
            pixels[place] = prepare_square(_read(content), **how)
        except ImageError:
            continue
    return pixels


def _read(content: bytes) -> Image.Image:
    """Small plain JPEGs and PNGs directly, all others with every care; both were checked when they came in."""
    image = Image.open(io.BytesIO(content))
    if image.mode in ("RGB", "L") and "transparency" not in image.info and image.getexif().get(0x0112, 1) in (0, 1):
        return image
    return read_image(content, "a picture")
