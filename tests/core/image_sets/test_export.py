"""A dataset that leaves as a ZIP comes back as it was."""

import errno
import io
import unicodedata
import zipfile
from pathlib import PureWindowsPath

import pytest

from core.image_sets.edit import editing
from core.image_sets.export import as_zip, kind_of, write_zip
from core.image_sets.folders import accept
from core.image_sets.ingest import ingest
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.zip_names import NAMES
from tests.own import class_files, encoded, picture, staged

ODD = [
    "Cat",
    "cat",
    "train",
    "images",
    "a/b\\c",
    "../up",
    ".hidden",
    "__MACOSX",
    "CON",
    "ends.",
    "1",
    "数字",
    "x" * 60,
    "aux",
    "nul.txt",
    "com¹",
    "what?",
    "a:b",
    "<>|",
    "traindesk.json",
    "é",
    "É",
    "ends. ..",
    "Prn .x",
]


def described(dataset):
    """(class, split, content) of every picture."""
    members = dataset.members(disabled=True)
    names = {each.id: each.name for each in dataset.classes()}
    contents = dataset.contents(members.images.tolist())
    rows = zip(members.classes.tolist(), members.splits.tolist(), contents, strict=True)
    return sorted((names[label], split, content) for label, split, content in rows)


def brought_again(dataset, tmp_path):
    (tmp_path / "out.zip").write_bytes(as_zip(dataset).read())
    again, report = ingest(tmp_path / "out.zip", tmp_path / "again", "Patterns", lambda *_: None)
    assert report.unreadable == [] and report.skipped == {}
    return again


def patterns(tmp_path, counts):
    return accept(staged(tmp_path, class_files(counts))[0], "Patterns", tmp_path)


def test_it_comes_back_with_its_classes_splits_and_pixels(tmp_path):
    dataset = patterns(tmp_path, {"dots": 12, "rings": 9, "数字": 8})
    with editing(dataset, "a class is switched off, a picture moved") as edit:
        first, second, _ = dataset.classes()
        edit.enable([second.id], False)
        edit.move(dataset.page(first.id, 0, 1), second.id)
        edit.into_split(dataset.page(first.id, 1, 3), "val")
    again = brought_again(dataset, tmp_path)
    assert described(again) == described(dataset) and len(described(again)) == 29
    assert {split for _, split, _ in described(again)} == {0, 1, 2}


@pytest.mark.parametrize("splits", [("train",), ("train", "val"), ("test",), ("val", "test")])
def test_a_part_without_pictures_stays_without(tmp_path, splits):
    """Two parts are not taken for training and test, nor is a test held out anew."""
    dataset = patterns(tmp_path, {"dots": 6, "rings": 7})
    with editing(dataset, "other parts") as edit:
        for number, image in enumerate(dataset.members().images.tolist()):
            edit.into_split([image], splits[number % len(splits)])
    assert described(brought_again(dataset, tmp_path)) == described(dataset)


def test_names_of_classes_that_no_folder_can_have_come_back(tmp_path):
    dataset = patterns(tmp_path, {f"class {number}": 5 for number in range(len(ODD))})
    with editing(dataset, "renamed") as edit:
        for each, name in zip(dataset.classes(), ODD, strict=True):
            edit.rename_class(each.id, name)
    with zipfile.ZipFile(as_zip(dataset)) as archive:
        places = archive.namelist()
        archive.extractall(tmp_path / "unpacked")
    places.remove(NAMES)
    assert all(place.count("/") == 2 and "\\" not in place for place in places)
    folders = {place.split("/")[1] for place in places}
    assert len({folder.casefold() for folder in folders}) == len(ODD)
    assert len({unicodedata.normalize("NFD", folder).casefold() for folder in folders}) == len(ODD)
    assert not any(folder.startswith(".") or folder.endswith((".", " ")) for folder in folders)
    assert not any(set(folder) & set('<>:"/\\|?*') or PureWindowsPath(folder).is_reserved() for folder in folders)
    assert described(brought_again(dataset, tmp_path)) == described(dataset)
    assert {name for name, _, _ in described(dataset)} == set(ODD)
    unpacked, _ = ingest(tmp_path / "unpacked", tmp_path / "again from there", "Patterns", lambda *_: None)
    assert described(unpacked) == described(dataset), "the comment of the ZIP is gone"


def test_files_keep_their_names_and_get_the_ending_of_what_they_are(tmp_path):
    files = {f"{part}/{folder}/IMG_1.PNG": encoded(picture("dots", number), "JPEG") for number, (part, folder) in enumerate(
        [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y")])}  # fmt: skip
    files["a/x/Photo of mine.jpeg"] = encoded(picture("dots", 9), "JPEG")
    dataset = accept(
        ingest(_zip(tmp_path, files), tmp_path / "set", "x", lambda *_: None, reading="level-2")[0], "x", tmp_path
    )
    with editing(dataset, "all to learn from") as edit:
        edit.into_split(dataset.members().images.tolist(), "train")
    with zipfile.ZipFile(as_zip(dataset)) as archive:
        names = sorted(name.partition("/")[2] for name in archive.namelist())
    assert names == ["x/IMG_1 (2).jpg", "x/IMG_1.jpg", "x/Photo of mine.jpeg", "y/IMG_1 (2).jpg", "y/IMG_1.jpg"]


def _zip(tmp_path, files):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return tmp_path / "in.zip"


@pytest.mark.parametrize(
    ("kind", "ending"),
    [("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("BMP", "bmp"), ("WEBP", "webp"), ("TIFF", "tif"),
     ("AVIF", "avif"), ("HEIF", "heic")],
)  # fmt: skip
def test_the_ending_is_that_of_the_kind(kind, ending):
    assert kind_of(encoded(picture("dots", 1), kind)) == ending


def test_pictures_that_someone_adds_to_the_zip_are_read_by_evidence(tmp_path):
    dataset = patterns(tmp_path, {"dots": 12, "rings": 9})
    (tmp_path / "out.zip").write_bytes(as_zip(dataset).read())
    with zipfile.ZipFile(tmp_path / "out.zip", "a") as archive:
        archive.writestr("train/stripes/1.png", encoded(picture("stripes", 1)))
        archive.writestr("new.png", encoded(picture("stripes", 2)))
    again, report = ingest(tmp_path / "out.zip", tmp_path / "again", "Patterns", lambda *_: None)
    assert {each.name for each in again.classes()} == {"dots", "rings", "stripes"} and report.pictures == 22


def test_a_file_is_the_same_as_a_download_and_replaces_only_when_it_is_whole(tmp_path, monkeypatch):
    dataset, place = patterns(tmp_path, {"dots": 5, "rings": 5}), tmp_path / "there" / "out.zip"
    place.parent.mkdir()
    write_zip(dataset, place)
    whole = place.read_bytes()
    assert whole == as_zip(dataset).read()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def cancelled(*_):
        raise KeyboardInterrupt

    for happens, told in ((full, OwnDataError), (cancelled, KeyboardInterrupt)):
        with monkeypatch.context() as patched:
            patched.setattr(zipfile.ZipFile, "writestr", happens)
            with pytest.raises(told) as error:
                write_zip(dataset, place)
        assert place.read_bytes() == whole and [each.name for each in place.parent.iterdir()] == ["out.zip"]
        assert told is KeyboardInterrupt or str(error.value).endswith("(No space left on device); free some space.")
    with pytest.raises(OwnDataError, match="could not be written .*; choose another place"):
        write_zip(dataset, tmp_path / "nowhere" / "out.zip")


def test_a_comment_that_nobody_checked_is_no_mark(tmp_path):
    dataset = patterns(tmp_path, {"dots": 5, "rings": 5})
    data = as_zip(dataset).read()
    for number, comment in enumerate(
        (b"[1]", b'{"traindesk": 1}', b'{"traindesk": 1, "classes": {"dots": 3}}', b"\xff")
    ):
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
            for name in old.namelist():
                archive.writestr(name, old.read(name))
            archive.comment = comment
        again, report = ingest(tmp_path / "c.zip", tmp_path / f"again {number}", "x", lambda *_: None)
        assert report.pictures == 10 and {each.name for each in again.classes()} == {"dots", "rings"}
