"""Uploads as they are read: names with folders, what cannot be read, and what a page keeps of thousands."""

import errno
import io
import tempfile
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pages.components.classify import upload_read
from pages.components.classify.browser import thumbnail
from pages.components.classify.upload_read import Contents, Forms, read_all
from tests.own import encoded, picture


class Network:
    """Sees photos of 224 x 224, as a network of one's own pictures does."""

    def __init__(self, side=224):
        self.run, self.side = SimpleNamespace(id="a run"), side

    def prepare(self, image):
        return np.asarray(image.convert("RGB").resize((self.side, self.side))).transpose(2, 0, 1)


@pytest.fixture(autouse=True)
def session(monkeypatch):
    state = {}
    bar = SimpleNamespace(progress=lambda *_, **__: None, empty=lambda: None)
    monkeypatch.setattr(upload_read, "st", SimpleNamespace(session_state=state, progress=lambda *_, **__: bar))
    return state


def given(name, data, number=0):
    return SimpleNamespace(name=name, file_id=f"{name} {number}", getvalue=lambda: data)


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_each_picture_keeps_its_folders_and_of_two_zips_their_names():
    one = zipped({"cats/a/1.png": encoded(picture("dots", 1)), "__MACOSX/cats/1.png": b"x", "notes.txt": b"x"})
    two = zipped({"cats/a/1.png": encoded(picture("rings", 1))})
    alone = given("3.png", encoded(picture("dots", 3)))
    found = read_all([given("one.zip", one), alone], [Network()])
    assert [each.name for each in found.pictures] == ["cats/a/1.png", "3.png"] and found.failed == []
    files = [given("one.zip", one), given("two.zip", two)]
    found = read_all(files, [Network()])
    assert [each.name for each in found.pictures] == ["one.zip/cats/a/1.png", "two.zip/cats/a/1.png"]
    contents = Contents(files)
    assert [contents[each.place] for each in found.pictures] == [
        encoded(picture("dots", 1)),
        encoded(picture("rings", 1)),
    ]
    np.testing.assert_array_equal(found.prepared(1)[0], Network().prepare(picture("rings", 1)))


def test_names_in_an_old_encoding_are_read_as_they_were_written():
    data = zipped({"B\u00e4r/1.png": encoded(picture("dots", 1))}).replace("B\u00e4r".encode(), b"Ba\xe4r"[1:] + b"r")
    data = bytearray(data)
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):  # the flag that says UTF-8
        place = data.find(mark) + (6 if mark == b"PK\x03\x04" else 8)
        data[place + 1] &= ~0x08
    found = read_all([given("old.zip", bytes(data))], [Network()])
    assert len(found.pictures) == 1 and "\u00e4" in found.pictures[0].name


def test_one_damaged_file_of_a_zip_does_not_keep_the_others_from_being_read():
    data = zipped({f"{number}.png": encoded(picture("dots", number)) for number in range(3)})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        place = archive.getinfo("1.png").header_offset + 60
    found = read_all([given("some.zip", data[:place] + b"????????" + data[place + 8 :])], [Network()])
    assert [each.name for each in found.pictures] == ["0.png", "2.png"]
    assert [each.sentence for each in found.failed] == ["'1.png' cannot be unpacked; pack it again."]


def test_too_many_files_are_told(monkeypatch):
    monkeypatch.setattr(upload_read, "MOST", 3)
    files = [given(f"{number}.png", encoded(picture("dots", number))) for number in range(5)]
    found = read_all(files, [Network()])
    assert len(found.pictures) == 3 and "More than 3 pictures" in found.failed[0].sentence


def test_a_disk_without_room_is_one_sentence_and_what_is_read_stays(monkeypatch):
    kept = Forms.append

    def append(forms, form):
        if len(forms._places) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        kept(forms, form)

    monkeypatch.setattr(Forms, "append", append)
    files = [given(f"{number}.png", encoded(picture("dots", number))) for number in range(5)]
    found = read_all(files, [Network()])
    assert len(found.pictures) == 2
    assert [each.sentence for each in found.failed] == [
        "There is no room for prepared pictures (No space left on device); 3 pictures are left out: free some space."
    ]


def test_a_page_keeps_kilobytes_of_each_picture(session):
    random = np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (900, 1200, 3), dtype=np.uint8))
    files = [given(f"{n}.jpg", encoded(noise.rotate(n), "JPEG"), n) for n in range(4)]
    found = read_all(files, [Network(), Network(96)])
    kept = sum(len(each.small) + len(each.name) for each in found.pictures)
    assert kept < 4 * 12_000, "of noise; of photographs 3,000"
    assert not any(isinstance(value, np.ndarray) for forms in found.forms for value in vars(forms).values())
    assert session[upload_read.READ] is found and read_all(files, [Network(), Network(96)]) is found


def test_what_is_prepared_lies_in_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    forms = Forms()
    for number in (5, None, 7):
        forms.append(None if number is None else np.full((3, 4, 4), number, np.uint8))
    assert forms[1] is None and forms[0].tolist() == np.full((3, 4, 4), 5).tolist() and (forms[2] == 7).all()
    assert list(tmp_path.iterdir()) == []


def test_a_tiny_picture_keeps_its_pixels_and_a_transparent_one_its_holes():
    assert thumbnail(Image.new("L", (28, 28))).startswith("data:image/png")
    photo = thumbnail(Image.new("RGBA", (900, 600), (255, 0, 0, 0)))
    assert photo.startswith("data:image/webp") and len(photo) < 2_000
