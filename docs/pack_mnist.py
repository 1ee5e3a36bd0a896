"""Makes `mnist.xz` of the four published files, unpacked: python -m docs.pack_mnist FOLDER

One xz stream of all pixels, training images before test images, then of all labels in the same order. The same files and the
same liblzma give the same bytes; what counts is the content, whose checksums `core.datasets.mnist` knows.
"""

from __future__ import annotations

import lzma
import sys
from pathlib import Path

from core.datasets.mnist import FILES, PACKED, checked
from core.files import write_atomically

HEADERS = (16, 8)  # bytes before the pixels, before the labels


def pack(folder: Path) -> bytes:
    """The stream. Raises OSError when a file is missing and ValueError when they are not the published ones."""
    parts = [(folder / file).read_bytes()[HEADERS[kind] :] for kind in (0, 1) for file in FILES[kind::2]]
    return lzma.compress(checked(b"".join(parts)), check=lzma.CHECK_SHA256, preset=9 | lzma.PRESET_EXTREME)


if __name__ == "__main__":
    write_atomically(PACKED, pack(Path(sys.argv[1])))
