"""A ZIP or a folder as a list of files: what is refused before anything is unpacked."""

import errno
import os
import struct
import zipfile
from pathlib import Path

import pytest

from core.image_sets import sources
from core.image_sets.ingest import ingest
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.sources import folder_in_bounds, opened
from tests.core.image_sets.test_ingest import refused
from tests.helpers import assert_one_sentence
from tests.own import class_files, zipped


def test_a_bomb_of_zeros_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MOST_BYTES", 10 * 2**20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(12):
            archive.writestr(f"a/{number}.png", bytes(2**20))
    assert path.stat().st_size < 50_000
    with pytest.raises(OwnDataError) as caught:
        ingest(path, tmp_path / "set", "Bomb", lambda *_: None)
    assert_one_sentence(str(caught.value), "unpacks to", "TRAINDESK_IMPORT_GB")
    assert not (tmp_path / "set").exists()


def test_a_million_files_are_refused_by_their_number_alone(tmp_path):
    path = zipped(tmp_path / "many.zip", {"a/1.png": b"x"})
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\5\6")
    data[end:end] = (
        b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1_000_000, 1_000_000, 90_000_000, 0)
        + b"PK\6\7" + struct.pack("<IQI", 0, end, 1)
    )  # fmt: skip
    path.write_bytes(data)
    with pytest.raises(OwnDataError) as caught:
        ingest(path, tmp_path / "set", "Many", lambda *_: None)
    assert_one_sentence(str(caught.value), "1,000,000 files", "500,000")


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6" + bytes(18), b"no zip" * 100, b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_zip_says_so(tmp_path, data):
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(OwnDataError) as caught:
        ingest(path, tmp_path / "set", "None", lambda *_: None)
    assert_one_sentence(str(caught.value))


def test_a_zip_with_a_password_and_one_of_nothing_say_so(tmp_path):
    refused(tmp_path, {"readme.txt": b"x"}, "no picture in it, only 1 file that is no picture")
    refused(tmp_path, {"cats.zip": b"PK", "dogs.zip": b"PK"}, "only 2 files that are packed again; unpack")
    refused(tmp_path, {"../a/x.png": b"x"}, "1 file with a path that leads elsewhere")


@pytest.mark.links
def test_only_allowed_folders_may_be_read(tmp_path, monkeypatch):
    inside = tmp_path / "open" / "pictures"
    inside.mkdir(parents=True)
    (tmp_path / "open" / "out").symlink_to("/etc")
    monkeypatch.delenv("TRAINDESK_FOLDERS", raising=False)
    with pytest.raises(OwnDataError, match="TRAINDESK_FOLDERS"):
        folder_in_bounds(str(inside))
    monkeypatch.setenv("TRAINDESK_FOLDERS", str(tmp_path / "open"))
    assert folder_in_bounds(f" {inside} ") == inside
    for text in (
        str(tmp_path),
        "/etc",
        f"{inside}/../..",
        str(tmp_path / "open" / "out"),
        "\0",
        "~",
        str(tmp_path / "opener"),
    ):
        with pytest.raises(OwnDataError) as caught:
            folder_in_bounds(text)
        assert_one_sentence(str(caught.value))
    with pytest.raises(OwnDataError, match="no folder"):
        folder_in_bounds(str(inside / "missing"))


def test_a_folder_within_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    for name, content in class_files({"dots": 2, "rings": 2}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    scan = os.scandir

    def closed(path):
        if Path(path).name == "rings":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with opened(tmp_path) as listing:
        assert len(listing.pictures) == 2 and listing.skipped == {"folders that may not be read": 1}
