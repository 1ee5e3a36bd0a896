"""Makes the pictures in `core/datasets/samples`: ten of every dataset that comes with the program, for a page that lists it
without reading it. `python -m docs.samples`"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets.thumbnails import SAMPLES, SHOWN, published


def main() -> None:
    """Writes the first pictures of each dataset that comes along, side by side, as <name>.png."""
    for name, dataset in published().items():
        if dataset.info().download_bytes:
            continue
        with tempfile.TemporaryDirectory() as folder:
            pictures = dataset.examples(Path(folder), SHOWN)  # (n, C, H, W)
        strip = np.concatenate(list(pictures.transpose(0, 2, 3, 1)), axis=1)  # (H, n * W, C)
        Image.fromarray(strip[:, :, 0] if strip.shape[2] == 1 else strip).save(SAMPLES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
