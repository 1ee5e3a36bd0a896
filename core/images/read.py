"""Read a picture from bytes that nobody has checked: every failure is an `ImageError` with one sentence to show.

What comes out is small (longer side at most MAX_SIDE pixels) and has one of four modes: L, LA, RGB or RGBA.
"""

import io
import math
import struct
import threading
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import ImageError

try:
    import pillow_heif
except ImportError:  # where a network was taken along to; a HEIC photo then says what it needs
    pass
else:
    pillow_heif.register_heif_opener()  # the photos of iPhones

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 64_000_000  # a 64-megapixel phone photo; 256 MB once decoded, since Pillow keeps RGB in 4 bytes
MAX_SIDE = 1600  # pixels; a digit or a 224 x 224 photo needs far less, and everything after this stays fast

# Everything that Pillow reads by itself and within bounds, and HEIC. Left out: EPS (runs Ghostscript), WMF (Windows draws it),
# FITS (unpacks without a limit), IPTC, IMT and IM (nobody uses them), BUFR, GRIB, HDF5 and MPEG (only their header is read).
FORMATS = (
    "PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO", "CUR", "ICNS", "DIB", "DDS", "PCX",
    "DCX", "SGI", "QOI", "PSD", "SUN", "XBM", "XPM", "MSP", "FLI", "BLP", "FTEX", "GBR", "MCIDAS", "PIXAR", "XVTHUMB",
    "PCD", "TGA", "SPIDER",
)  # fmt: skip
SUFFIXES = (
    "png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "dib", "webp", "tif", "tiff", "avif", "heic", "heif", "hif", "jp2", "j2k",
    "ppm", "pgm", "pbm", "pnm", "ico", "icns", "dds", "pcx", "sgi", "qoi", "psd", "tga",
)  # fmt: skip
WITHOUT_SIGNATURE = ("PCD", "TGA", "SPIDER")  # tried last: only their headers' sense tells them from other files
SIGNED = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000")  # of files without the right ending
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # pictures within pictures (ICO, ICNS): Pillow refuses them from twice this on

# One picture at a time: bounds the memory to one decoded picture, and makes catch_warnings (not thread-safe) safe here.
_one_at_a_time = threading.Lock()
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# EXIF orientation (tag 0x0112) -> what turns the stored picture upright
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(source: bytes | Path, name: str) -> Image.Image:
    """The picture in `source` (file contents or a path), upright, 8 bit, mode L, LA, RGB or RGBA, at most MAX_SIDE a side.

    `name` is what the person calls the file; it stands in the sentence of the ImageError that every failure becomes.
    """
    data = _contents(source, name)
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _open(data, name)
        try:
            _check_size(image, name)
            image.draft(image.mode, _draft_size(image.size))  # JPEG only: decodes at 1/2, 1/4 or 1/8, 4 times as fast
            image.load()
            _check_size(image, name)  # a GIF frame may be larger than the header says
            return _upright(_reduced(image), _orientation(image))
        except ImageError:
            raise
        except Exception as error:  # Pillow's plugins raise nearly every kind there is on damaged bytes
            raise ImageError(
                f"'{name}' starts like a {image.format} picture but is damaged or cut short; "
                "save or download it again and try again."
            ) from error


def pictures_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, and instead of a folder the pictures in it and in those below it, in the order of their names; the folder itself
    where it has none, of which `read_image` then says so."""
    for path in paths:
        found = [
            file
            for file in (sorted(path.rglob("*")) if path.is_dir() else ())
            if file.suffix.lower()[1:] in SUFFIXES and not file.name.startswith(".") and file.is_file()
        ]
        yield from found or [path]


def starts_like_a_picture(head: bytes) -> bool:
    """Whether a file whose name does not say so is a picture, by its first bytes (32 are enough)."""
    Image.init()
    known = (Image.OPEN[name][1] for name in SIGNED if name in Image.OPEN)
    return any(accepts is not None and accepts(head[:16]) is True for accepts in known)


def has_pages(data: bytes) -> bool:
    """Whether a TIFF has more pages than the first, by its list of them; of smaller copies of the page too (pyramids)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return False
    try:
        (first,) = struct.unpack_from(order + "I", data, 4)
        (fields,) = struct.unpack_from(order + "H", data, first)
        (second,) = struct.unpack_from(order + "I", data, first + 2 + 12 * fields)
    except struct.error:
        return False
    return second != 0


def _contents(source: bytes | Path, name: str) -> bytes:
    if isinstance(source, Path) and source.is_dir():
        raise ImageError(f"'{name}' is a folder without pictures that can be read; name a folder with some, or a file.")
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ImageError(
                f"'{name}' is a file of {size / 2**20:,.0f} MB; the limit is {MAX_FILE_BYTES // 2**20} MB, "
                "so scale the picture down or save it as JPEG first."
            )
        data = source if isinstance(source, bytes) else source.read_bytes()
    except (OSError, ValueError) as error:
        raise ImageError(
            f"'{name}' cannot be opened ({error}); check that the file is there and may be read."
        ) from error
    if not data:
        raise ImageError(f"'{name}' is empty (0 bytes); save or download the picture again and try again.")
    return data


def _open(data: bytes, name: str) -> Image.Image:
    """The picture with its header read and nothing decoded. Image.open would refuse big ones without telling their size."""
    Image.init()
    for format_name in FORMATS:
        if format_name not in Image.OPEN:  # this Pillow was built without it
            continue
        factory, accepts = Image.OPEN[format_name]
        try:
            if accepts and accepts(data[:16]) is not True:
                continue
            return factory(io.BytesIO(data), "")
        except Image.DecompressionBombError as error:
            raise ImageError(
                f"'{name}' unpacks to more than {MAX_PIXELS // 1_000_000} million pixels, "
                "the limit; scale it down first."
            ) from error
        except Exception:  # damaged header: as unreadable as any other file
            if format_name not in WITHOUT_SIGNATURE:
                break
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS and "HEIF" not in Image.OPEN:
        raise ImageError(
            f"'{name}' is a HEIC photo, which needs 'pip install pillow-heif'; install it, or save it as JPEG."
        )
    raise ImageError(
        f"'{name}' is not an image that can be read ({_what_it_is(data)}); save it as PNG or JPEG and try again."
    )


def _what_it_is(data: bytes) -> str:
    """A guess at what an unreadable file is, in a person's words."""
    if data.startswith(b"%PDF"):
        return "it is a PDF document"
    if data[4:8] == b"ftyp":
        return "it is a video, or a damaged HEIC photo"
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b", b"Rar!")):
        return "it is a compressed archive"
    if b"<svg" in data[:1000]:
        return "it is an SVG vector drawing"
    if data.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")):
        return "its header is damaged"
    try:
        data[:1000].decode("ascii")
        return "it is plain text renamed"
    except UnicodeDecodeError:
        return "it is damaged or of another kind"


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"'{name}' is {width} x {height} pixels, so it shows nothing; save it again and try again.")
    limit = MAX_PIXELS // 2 if image.format == "WEBP" else MAX_PIXELS  # its decoder keeps four copies of the picture
    if width * height > limit:
        raise ImageError(
            f"'{name}' is {width:,} x {height:,} pixels; the limit is {limit // 1_000_000} million pixels, "
            "so scale it down first."
        )


def _draft_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, MAX_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 (upright) to 8; damaged EXIF data does not make a picture unreadable."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _reduced(image: Image.Image) -> Image.Image:
    """The picture in 8 bit with the longer side at most MAX_SIDE, made band by band so that no second full copy exists."""
    factor = math.ceil(max(image.size) / MAX_SIDE)
    depth = _full_scale(image)
    if factor == 1:
        return _eight_bit(image, depth)
    width, height = image.size
    rows = factor * max(1, 4_000_000 // (width * factor))  # about 4 million pixels a band, whole blocks only
    bands = [
        _eight_bit(image.crop((0, top, width, min(top + rows, height))), depth).reduce(factor)
        for top in range(0, height, rows)
    ]
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _full_scale(image: Image.Image) -> float:
    """The value that means white in a picture of more than 8 bits: the highest of the fewest bits that hold all of it, since
    microscopes and X-ray machines write 10, 12 or 14 bits into 16; float files 1, unless they go beyond."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return 255.0
    highest = float(image.getextrema()[1])  # type: ignore[arg-type]
    steps = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
    return next((step for step in steps if highest <= step), highest) if math.isfinite(highest) else 1.0


def _eight_bit(image: Image.Image, full_scale: float) -> Image.Image:
    """The same picture as L, LA, RGB or RGBA."""
    if image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float32)) / full_scale  # (H, W)
        return Image.fromarray((values.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    if image.mode == "La":
        return image.convert("LA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")
