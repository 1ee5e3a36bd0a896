"""Small datasets of own pictures for tests: stripes, dots and rings, each picture a little different."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from core.image_sets.folders import accept
from core.image_sets.ingest import ingest
from core.image_sets.own_dataset import OwnDataset

KINDS = ("stripes", "dots", "rings")


def picture(kind: str, seed: int, size: tuple[int, int] = (48, 40), colour: bool = True) -> Image.Image:
    """A picture (width, height) of that kind, different for every seed."""
    random = np.random.default_rng([KINDS.index(kind) if kind in KINDS else 7, seed])
    width, height = size
    y, x = np.mgrid[:height, :width].astype(float)
    x, y = x / width, y / height
    turn, shift, fine = random.uniform(-0.6, 0.6), random.uniform(0, 6, 2), random.uniform(9, 17)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    pattern = {
        "stripes": np.sin(2 * fine * u + shift[0]),
        "dots": np.sin(2 * fine * u + shift[0]) * np.sin(2 * fine * v + shift[1]) * 1.6 - 0.3,
        "rings": np.sin(2.5 * fine * np.hypot(x - random.uniform(0.3, 0.7), y - random.uniform(0.3, 0.7)) + shift[0]),
    }.get(kind, random.normal(size=x.shape))
    grey = 128 + 80 * pattern + random.normal(0, 6, pattern.shape)
    if not colour:
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    tint = random.uniform(0.5, 1, 3)
    return Image.fromarray((grey[..., None] * tint).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, format_name: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """A ZIP with these files by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def class_files(counts: dict[str, int], before: str = "", first: int = 0, **options) -> dict[str, bytes]:
    """`before`class/number.png of every class."""
    return {
        f"{before}{name}/{number}.png": encoded(picture(name, first + number, **options))
        for name, count in counts.items()
        for number in range(count)
    }


def staged(tmp_path: Path, files: dict[str, bytes], name: str = "pictures.zip"):
    """A dataset in the making, and the report."""
    return ingest(zipped(tmp_path / name, files), tmp_path / f"set of {name}", "Patterns", lambda *_: None)


def own_dataset(data_folder: Path, tmp_path: Path, counts: dict[str, int] | None = None) -> OwnDataset:
    """An accepted one, version 1."""
    made, _ = staged(tmp_path, class_files(counts or {"stripes": 20, "dots": 20}))
    return accept(made, "Patterns", data_folder)
