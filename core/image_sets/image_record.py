"""One picture file -> what is kept of it and what is known of it. Runs in helper processes; knows no database."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from core.errors import ImageError
from core.image_sets.near_duplicates import HASHED, picture_hashes
from core.image_sets.own_dataset import GREY_SIDE
from core.images.photo import on_white
from core.images.read import read_image

KEPT_SIDE = 512  # pixels; larger pictures are kept smaller, which is more than any network here looks at
QUALITY = 92  # JPEG


@dataclass(frozen=True)
class ImageRecord:
    """What is kept of a picture."""

    data: bytes  # a picture file of at most KEPT_SIDE a side
    digest: bytes  # 16 bytes, equal for equal pixels
    width: int
    height: int
    colour: bool
    turned: bool  # was it lying on its side, by its EXIF data?
    mean: bytes  # 3 float32, of each channel, 0..1
    square: bytes  # 3 float32, mean of the squares
    hash: bytes  # 8 bytes, see core.image_sets.near_duplicates
    grey: bytes  # GREY_SIDE x GREY_SIDE uint8, grey, squeezed


def image_records(names: Sequence[str], data: Sequence[bytes | str]) -> list[ImageRecord | str]:
    """What is kept of each picture file, or a sentence's end that says what is wrong with it; of what could not even be read
    that sentence stands in `data`."""
    found = [
        each if isinstance(each, str) else _image_record(name, each) for name, each in zip(names, data, strict=True)
    ]
    greys = [each[1] for each in found if not isinstance(each, str)]
    hashes = iter(picture_hashes(np.stack(greys)).tolist() if greys else ())
    return [
        each if isinstance(each, str) else replace(each[0], hash=np.uint64(next(hashes)).tobytes()) for each in found
    ]


def _image_record(name: str, data: bytes) -> tuple[ImageRecord, np.ndarray] | str:
    """Without its hash, and the grey copy (HASHED, HASHED) of which that is made."""
    try:
        image = read_image(data, name)
    except ImageError as error:
        return str(error).removeprefix(f"'{name}' ").rstrip(".")
    width, height, turned = _header(data, image)
    colour = "RGB" if image.mode.startswith("RGB") else "L"
    flat = image if image.mode in ("RGB", "L") else on_white(image).convert(colour)
    pixels = np.asarray(flat)
    if colour == "RGB" and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        colour, flat = "L", flat.convert("L")
    levels = pixels.reshape(-1, pixels.shape[2] if pixels.ndim == 3 else 1)[
        :: max(1, pixels.shape[0] * pixels.shape[1] // 65_536)
    ]
    levels = levels.astype(np.float32) / 255  # every n-th pixel of large pictures
    small = flat.convert("L").resize((HASHED, HASHED), Image.Resampling.BOX)
    record = ImageRecord(
        data=data if max(image.size) <= KEPT_SIDE and max(width, height) <= KEPT_SIDE else _smaller(flat),
        digest=hashlib.blake2b(f"{flat.size}{flat.mode}".encode() + flat.tobytes(), digest_size=16).digest(),
        width=width,
        height=height,
        colour=colour == "RGB",
        turned=turned,
        mean=_three(levels.mean(axis=0)),
        square=_three((levels**2).mean(axis=0)),
        hash=b"",
        grey=small.resize((GREY_SIDE, GREY_SIDE), Image.Resampling.BOX).tobytes(),
    )
    return record, np.asarray(small)


def _header(data: bytes, image: Image.Image) -> tuple[int, int, bool]:
    """Width and height as the file has them once upright, and whether it had to be turned."""
    is_plain = data.startswith(b"\xff\xd8") and b"Exif" not in data and b"Orientation" not in data
    if is_plain and max(image.size) <= KEPT_SIDE:  # neither turned nor read at less than its size
        return image.width, image.height, False
    try:
        with Image.open(io.BytesIO(data)) as header:
            turned = header.getexif().get(0x0112, 1) not in (0, 1)
            width, height = header.size
    except Exception:  # read_image could read it: that counts
        return image.width, image.height, False
    lies = turned and (width > height) != (image.width > image.height)
    return (height, width, turned) if lies else (width, height, turned)


def _smaller(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _three(values: np.ndarray) -> bytes:
    return np.resize(values.astype(np.float32), 3).tobytes()
