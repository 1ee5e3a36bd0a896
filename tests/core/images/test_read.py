"""read_image: every kind of good and bad file, with the words a person sees."""

import io
import struct
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageError
from core.images import read
from core.images.read import read_image
from core.machine.posix import peak_bytes

GREY_RAMP = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (20, 1))  # (20, 32): dark left, light right


def saved(image: Image.Image, format_name: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def ramp(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(GREY_RAMP).convert(mode)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A piece of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png(side: int) -> bytes:
    """A white 1-channel PNG, written row by row: about 1/1000 of its pixels in bytes."""
    packer, row = zlib.compressobj(1), b"\0" + b"\xff" * side
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def damaged_jpeg() -> bytes:
    return saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)), "JPEG")[:9000]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty (0 bytes)"),
        (b"hello, I am no picture", "plain text renamed"),
        (b"\x00\x01\x02\xff" * 50, "not an image that can be read"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a damaged HEIC photo"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
        (b"PK\x03\x04rest", "a compressed archive"),
        (b"<?xml version='1.0'?><svg xmlns='...'/>", "an SVG vector drawing"),
        (b"\x89PNG\r\n\x1a\n", "header is damaged"),
        (saved(ramp(), "PNG")[:60], "damaged"),
        (damaged_jpeg(), "damaged or cut short"),
        (saved(ramp(), "GIF")[:30], "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unreadable_files_say_what_is_wrong_in_one_sentence(data, words):
    with pytest.raises(ImageError) as caught:
        read_image(data, "cat.png")
    sentence = str(caught.value)
    assert "'cat.png'" in sentence and words in sentence
    assert sentence.endswith(".") and "\n" not in sentence and "again" in sentence


def test_a_gigantic_png_is_refused_from_its_header_without_decoding():
    data = huge_png(20_000)
    assert len(data) < 6_000_000
    before, started = peak_bytes(), time.perf_counter()
    with pytest.raises(ImageError, match=r"'big.png' is 20,000 x 20,000 pixels; the limit is 64 million pixels"):
        read_image(data, "big.png")
    assert time.perf_counter() - started < 0.5
    assert peak_bytes() - before < 50_000_000  # decoded it would be 400,000,000


def test_between_our_limit_and_pillows_there_is_no_gap():
    with pytest.raises(ImageError, match="8,001 x 8,001 pixels; the limit is 64 million"):
        read_image(huge_png(8001), "big.png")


def test_a_large_picture_comes_out_small_and_whole():
    image = read_image(huge_png(4000), "page.png")
    assert image.size == (4000 // 3 + 1, 4000 // 3 + 1) and image.mode == "L"
    assert np.asarray(image).min() == 255


def test_banded_reduction_equals_reducing_the_whole():
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (3300, 2500, 3), np.uint8))
    assert np.array_equal(np.asarray(read_image(saved(noise, "BMP"), "a")), np.asarray(noise.reduce(3)))


def test_a_file_over_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "long.bin"
    with path.open("wb") as file:
        file.truncate(read.MAX_FILE_BYTES + 1)
    with pytest.raises(ImageError, match="'long.bin' is a file of 50 MB; the limit is 50 MB"):
        read_image(path, "long.bin")


def test_a_missing_file_is_an_image_error(tmp_path):
    with pytest.raises(ImageError, match="'gone.png' cannot be opened"):
        read_image(tmp_path / "gone.png", "gone.png")


def test_text_that_unpacks_to_gigabytes_is_an_image_error():
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 80_000_000))
    data = saved(ramp(), "PNG")
    for place in (33, len(data) - 12):  # after the header, and after the pixels, where only decoding meets it
        with pytest.raises(ImageError, match="'x.png'.*damaged"):
            read_image(data[:place] + bomb + data[place:], "x.png")


def test_a_picture_that_pillow_warns_about_is_read_without_a_warning():
    data = saved(ramp(), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = read_image(data[:33] + chunk(b"acTL", b"\0" * 8) + data[33:], "x.png")  # an animation of no frames
    assert image.size == (32, 20)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_formats_keep_the_picture(format_name, tmp_path):
    path = tmp_path / "ramp"
    path.write_bytes(saved(ramp(), format_name))
    image = read_image(path, "ramp")
    assert image.mode in ("L", "RGB")
    assert np.abs(np.asarray(image.convert("L"), int) - GREY_RAMP).max() <= 6  # JPEG and WebP lose a little


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr", "F", "I"])
def test_modes_become_eight_bit_grey_or_colour(mode):
    image = read_image(saved(ramp(mode), "TIFF"), "ramp.tif")
    assert image.mode in ("L", "RGB")
    assert np.abs(np.asarray(image.convert("L"), int) - GREY_RAMP).max() <= 2


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(format_name):
    image = read_image(saved(Image.fromarray(GREY_RAMP.astype(np.uint16) * 257), format_name), "deep")
    assert image.mode == "L" and np.array_equal(np.asarray(image), GREY_RAMP)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_fewer_bits_in_sixteen_are_scaled_by_what_is_there(bits):
    """As microscopes and X-ray machines write them; white would be nearly black otherwise."""
    levels = (GREY_RAMP.astype(np.float64) / 255 * (2**bits - 1)).round().astype(np.uint16)
    image = read_image(saved(Image.fromarray(levels), "PNG"), "scan")
    assert np.abs(np.asarray(image, int) - GREY_RAMP).max() <= 255 * 8 / 248  # the ramp ends below white


def test_cmyk_jpeg_and_one_bit_png():
    assert np.abs(np.asarray(read_image(saved(ramp("CMYK"), "JPEG"), "a").convert("L"), int) - GREY_RAMP).max() < 8
    one_bit = read_image(saved(ramp("1"), "PNG"), "a")
    assert one_bit.mode == "L" and set(np.unique(np.asarray(one_bit))) == {0, 255}


def test_palette_with_and_without_transparency():
    palette = ramp().convert("P", palette=Image.Palette.ADAPTIVE)
    assert read_image(saved(palette, "PNG"), "a").mode == "RGB"
    clear = read_image(saved(palette, "PNG", transparency=palette.getpixel((0, 0))), "a")
    assert clear.mode == "RGBA" and clear.getpixel((0, 0))[3] == 0 and clear.getpixel((31, 0))[3] == 255
    keyed = read_image(saved(ramp("L"), "PNG", transparency=0), "a")
    assert keyed.mode == "RGBA" and keyed.getpixel((0, 0))[3] == 0
    assert read_image(saved(ramp("LA"), "PNG"), "a").mode == "LA"


def test_the_first_frame_of_an_animated_gif():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    image = read_image(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), "a.gif")
    assert image.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_rotation_is_applied_once(orientation, format_name):
    upright = Image.new("L", (48, 32), 255)
    upright.paste(0, (0, 0, 16, 8))  # a dark corner, upper left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the Transpose that makes the stored picture of each orientation
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_image(saved(stored.convert("RGB"), format_name, exif=exif), "photo")
    assert image.size == (48, 32)
    assert np.abs(np.asarray(image.convert("L"), int) - np.asarray(upright, int)).mean() < 4


def test_whatever_the_bytes_only_image_errors_come_out_and_no_warnings(capsys):
    random = np.random.default_rng(3)
    picture = Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8))
    samples = [saved(picture, name) for name in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")]
    samples += [saved(picture, "TIFF", compression=kind) for kind in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")]
    samples += [saved(picture, "JPEG", progressive=True), saved(picture.quantize(16), "PNG", transparency=3)]
    read_pictures = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(60):
            for sample in samples:
                data = bytearray(sample)
                for spot in random.integers(0, min(len(data), random.choice([40, 200, 5000])), random.integers(1, 6)):
                    data[spot] = random.integers(0, 256)
                if random.random() < 0.2:
                    data = data[: random.integers(1, len(data))]
                try:
                    image = read_image(bytes(data), "x")
                except ImageError:
                    continue
                read_pictures += 1
                assert image.mode in ("L", "LA", "RGB", "RGBA") and max(image.size) <= read.MAX_SIDE
    assert read_pictures > 50
    assert capsys.readouterr() == ("", "")
