"""All bad inputs together: each ends in exactly one sentence, without a traceback, and nothing is lost."""

import binascii
import json
import os
import pickle
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from core.cli import main
from core.runs.store import list_runs
from tests.helpers import assert_one_sentence


@pytest.fixture
def call(runs_folder, tmp_path, capfd):
    def run(*arguments):
        capfd.readouterr()
        status = main.main(
            [*map(str, arguments), "--runs", str(runs_folder), "--data", str(tmp_path / "data"), "--json"]
        )
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        assert "Warning" not in captured.err
        return status, json.loads(captured.out), captured.err.strip()

    return run


def digit(mode="L", size=120):
    """A black stroke on white."""
    image = Image.new("L", (size, size), 255)
    ImageDraw.Draw(image).line([(60, 15), (60, 105)], fill=0, width=14)
    return image.convert(mode)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))


def huge_png(side=30_000):
    """A whole and valid PNG of side x side black RGB pixels in about 3 MB, made without ever holding them."""
    length = side * (1 + 3 * side)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    blocks, rest = divmod(length, 1 << 20)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = last.compress(bytes(rest)) + last.flush()
    check = struct.pack(">I", (length % 65521) << 16 | 1)  # adler32 of zeros
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x78\xda" + block * blocks + tail + check
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def text_as_png(path):
    path.write_text("This is a letter, not a picture.\n" * 20)


def cut_jpeg(path):
    whole = path.with_suffix(".whole.jpg")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)).save(whole, "JPEG")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def cut_png(path):
    whole = path.with_suffix(".whole.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)).save(whole)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def too_many_pixels(path):
    path.write_bytes(huge_png())
    assert 1_000_000 < path.stat().st_size < 4_000_000


def a_folder(path):
    path.mkdir()


def an_archive(path):
    path.write_bytes(b"PK\x03\x04" + bytes(500))


def random_bytes(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def all_white(path):
    Image.new("L", (60, 60), 255).save(path)


def nothing(path):
    pass


BAD = [text_as_png, cut_jpeg, cut_png, empty, too_many_pixels, a_folder, an_archive, random_bytes, all_white, nothing]


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_a_bad_picture_is_one_sentence_and_the_good_one_beside_it_is_answered(make, call, finished_run, tmp_path):
    bad, good = tmp_path / "bad.png", tmp_path / "good.png"
    make(bad)
    digit().save(good)
    status, (first, second), _ = call("classify", "latest", bad, good)
    assert status == 1
    assert set(first) == {"file", "error"}
    assert_one_sentence(first["error"], *(() if make is all_white else ("'bad.png'",)))
    assert second["prediction"] in "0123456789"


def animated_gif(path):
    frames = [digit(), *(Image.new("L", (120, 120), shade) for shade in (0, 90, 200))]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def cmyk_jpeg(path):
    digit("CMYK").save(path, "JPEG", quality=95)


def sixteen_bit_png(path):
    Image.fromarray(np.asarray(digit()).astype(np.uint16) * 257).save(path, "PNG")


def palette_png(path):
    digit("P").save(path, "PNG")


def transparent_png(path):
    image = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(60, 15), (60, 105)], fill=(0, 0, 0, 255), width=14)
    image.save(path, "PNG")


def one_bit_png(path):
    digit("1").save(path, "PNG")


def wrong_ending(path):
    digit("RGB").save(path, "JPEG", quality=95)


UNUSUAL = [animated_gif, cmyk_jpeg, sixteen_bit_png, palette_png, transparent_png, one_bit_png, wrong_ending]


@pytest.mark.parametrize("make", UNUSUAL, ids=lambda make: make.__name__)
def test_an_unusual_picture_is_answered_as_the_plain_one(make, call, finished_run, tmp_path):
    unusual, plain = tmp_path / "unusual.png", tmp_path / "plain.png"
    make(unusual)
    digit().save(plain)
    status, (first, second), _ = call("classify", "latest", unusual, plain)
    assert status == 0
    assert first["prediction"] == second["prediction"]
    for name, probability in second["probabilities"].items():
        assert first["probabilities"][name] == pytest.approx(probability, abs=0.1)


class Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def flipped_byte(path, mark):
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)


def cut(path, mark):
    path.write_bytes(path.read_bytes()[:5000])


def emptied(path, mark):
    path.write_bytes(b"")


def text(path, mark):
    path.write_text("no weights")


def bomb(path, mark):
    content = torch.load(path, weights_only=True)
    torch.save({**content, "extra": Bomb(str(mark))}, path)


def bare_bomb(path, mark):
    path.write_bytes(pickle.dumps(Bomb(str(mark))))


def unknown_architecture(path, mark):
    content = torch.load(path, weights_only=True)
    content["config"]["architecture"] = {"name": "perceiver"}
    torch.save(content, path)


def foreign_weights(path, mark):
    torch.save({"conv1.weight": torch.zeros(3)}, path)


def other_weights(path, mark):
    content = torch.load(path, weights_only=True)
    content["model"] = {"0.weight": torch.zeros(3)}
    torch.save(content, path)


CHECKPOINTS = [
    flipped_byte, cut, emptied, text, bomb, bare_bomb, unknown_architecture, foreign_weights, other_weights,
]  # fmt: skip


@pytest.mark.parametrize("command", ["classify", "evaluate"])
@pytest.mark.parametrize("damage", CHECKPOINTS, ids=lambda damage: damage.__name__)
def test_a_bad_checkpoint_is_one_sentence_and_its_run_is_still_there(damage, command, call, finished_run, tmp_path):
    picture, mark = tmp_path / "digit.png", tmp_path / "ran"
    digit().save(picture)
    damage(finished_run.best, mark)
    damaged = finished_run.best.read_bytes()
    status, result, err = call(command, "latest", *([picture] if command == "classify" else []))
    assert status in (1, 2)
    assert set(result) == {"error"}
    assert_one_sentence(result["error"])
    assert err.splitlines()[-1] == result["error"]
    assert not mark.exists(), "code from the file ran"
    assert finished_run.best.read_bytes() == damaged and finished_run.last.exists()
    assert finished_run.status().name == "finished"


CONFIGS = {
    "unknown architecture": ('{"architecture": {"name": "perceiver"}}', "Unknown architecture 'perceiver'"),
    "unknown dataset": ('{"dataset": "letters"}', "Unknown dataset 'letters'"),
    "learning rate NaN": (
        '{"optimizer": {"name": "adam", "learning_rate": NaN}}',
        "Learning rate is not a number (NaN)",
    ),
    "learning rate infinite": (
        '{"optimizer": {"name": "adam", "learning_rate": Infinity}}',
        "Learning rate is infinite",
    ),
    "batch larger than the dataset": ('{"training": {"batch_size": 5000}}', "Batch size is 5,000"),
    "another format": ('{"format": 99}', "format 99"),
    "title that is no text": ('{"title": 5}', "itle"),
    "not JSON": ("{", "not valid JSON"),
    "empty": ("", "not valid JSON"),
    "a list": ("[]", "not an object"),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_bad_config_is_one_sentence_wherever_it_is_read(kind, call, finished_run):
    content, words = CONFIGS[kind]
    finished_run.config_file.write_text(content)
    status, listing, _ = call("runs")
    assert status == 0 and [item["run"] for item in listing] == [finished_run.id]
    assert_one_sentence(listing[0]["message"], words)
    status, result, err = call("evaluate", "latest")
    assert status == 2 and result == {"error": err}
    assert_one_sentence(err, words)


SETTINGS = {
    "learning rate NaN": ("learning_rate=NaN", "Learning rate is not a number (NaN)"),
    "learning rate nan": ("learning_rate=nan", "Learning rate is 'nan'"),
    "batch larger than the dataset": ("batch_size=99000", "Batch size is 99,000"),
    "unknown architecture": ("architecture=perceiver", "Unknown architecture 'perceiver'"),
    "negative epochs": ("epochs=-1", "Epochs is -1"),
    "endless number": ("epochs=" + "9" * 5000, "Epochs is "),
    "layers of NaN": ("channels=NaN", "Channels is not a number (NaN)"),
    "a layer of nobody": ("channels=0", "Channels is 0"),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_bad_setting_is_one_sentence_and_makes_no_run(kind, call, runs_folder):
    text, words = SETTINGS[kind]
    status, result, err = call("train", "--recipe", "digits", "--set", text)
    assert status == 2 and result == {"error": err}
    assert_one_sentence(err, words)
    assert list_runs(runs_folder) == []
