"""Ten thousand damaged pictures: each becomes a picture or one sentence, and memory stays bounded."""

import io
import os

import numpy as np
import psutil
import pytest
from PIL import Image

from core.errors import ImageError
from core.images.ink import prepare_ink
from core.images.read import read_image
from tests.drawings import draw_digit
from tests.helpers import assert_one_sentence

COUNT = int(os.environ.get("TRAINDESK_FUZZED", "10000"))
FORMATS = (
    "PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO", "ICNS", "DIB", "DDS", "PCX", "SGI",
    "QOI", "XBM", "MSP", "BLP", "TGA", "SPIDER",
)  # fmt: skip
OFTEN = FORMATS[:6]  # half of all are of these
MOST_MEMORY = 500e6  # bytes more than before


def originals(format_name):
    """Bytes of small pictures of several modes."""
    found = []
    for mode in ("L", "RGB", "RGBA", "P", "1", "F"):
        buffer = io.BytesIO()
        try:
            draw_digit(5, size=60, pen=5).convert(mode).save(buffer, format_name)
        except (OSError, ValueError, KeyError):  # not every format has every mode
            continue
        found.append(buffer.getvalue())
    return found


def _count(format_name):
    share = len(OFTEN) if format_name in OFTEN else len(FORMATS) - len(OFTEN)
    return COUNT // (2 * share)


def mutated(data, random):
    """The bytes with some changed, cut out, doubled or put in; often in the header, where sizes and offsets are."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 6))):
        where = int(random.integers(0, min(len(changed), 64) if random.random() < 0.5 else len(changed)))
        kind = random.integers(0, 5)
        if kind == 0:
            changed[where] = int(random.integers(0, 256))
        elif kind == 1:
            changed[where : where + 4] = random.choice(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\xff\xff"]
            )
        elif kind == 2:
            del changed[where : where + int(random.integers(1, 40))]
        elif kind == 3:
            changed[where:where] = bytes(changed[where : where + 20])
        else:
            changed = changed[: max(1, where)]
        if not changed:
            return b"\0"
    return bytes(changed)


@pytest.mark.parametrize("format_name", FORMATS)
def test_damaged_pictures_are_a_picture_or_one_sentence(format_name):
    random = np.random.default_rng(len(format_name) + ord(format_name[0]))
    good = originals(format_name)
    before = psutil.Process().memory_info().rss
    read = 0
    for number in range(_count(format_name)):
        data = mutated(good[number % len(good)], random)
        try:
            image = read_image(data, "a.png")
            read += 1
            if number % 20 == 0:
                prepare_ink(image)
        except ImageError as error:
            assert_one_sentence(str(error))
        if number % 200 == 0:
            assert psutil.Process().memory_info().rss - before < MOST_MEMORY
    assert 0 < read < _count(format_name), "some are still readable, and some are not"
    assert Image.MAX_IMAGE_PIXELS is not None
