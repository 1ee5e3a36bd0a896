"""Names of files in old ZIPs."""

import unicodedata
import zipfile

import pytest

from core.image_sets.sources import opened
from core.image_sets.zip_names import Places, folder_of


@pytest.mark.parametrize(
    "names, codec, said",
    [
        ("猫 狗", "gbk", "GBK"),
        ("Bär Kühe", "cp437", "DOS"),
        ("Bär Kühe", "cp1252", "Windows-1252"),
        ("Bär 猫", "utf-8", ""),
    ],
)
def test_names_in_an_old_zip_are_read_in_their_own_encoding(tmp_path, names, codec, said):
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names.split():
            for number in range(3):
                length = len(f"{name}/{number}.png".encode(codec))
                archive.writestr(zipfile.ZipInfo(f"{number}{name.encode().hex()}".ljust(length, "x")[:length]), b"x")
    # zipfile would mark other names as UTF-8, so they are written in by hand, in the file's head and in the list at its end
    wanted = [f"{name}/{number}.png".encode(codec) for name in names.split() for number in range(3)]
    path.write_bytes(_renamed(path.read_bytes(), wanted))
    with opened(path) as listing:
        assert {entry.parts[0] for entry in listing.pictures} == set(names.split())
    assert said in listing.encoding if said else not listing.encoding


def _renamed(data: bytes, names: list[bytes]) -> bytes:
    for mark, length_at, name_at in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
        place = 0
        for name in names:
            place = data.index(mark, place)
            assert int.from_bytes(data[place + length_at : place + length_at + 2], "little") == len(name)
            data = data[: place + name_at] + name + data[place + name_at + len(name) :]
            place += name_at
    return data


def test_names_that_macos_takes_for_one_get_two_places():
    places = Places()
    names = ["é.png", unicodedata.normalize("NFD", "é.png"), "É.png"]
    assert [places.free("a", name) for name in names] == ["a/é.png", f"a/{names[1][:2]} (2).png", "a/É (3).png"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("aux", "aux_"),
        ("nul.txt", "nul_.txt"),
        ("Con .x", "Con_.x"),
        ("LPT¹", "LPT¹_"),
        ("auxiliary", "auxiliary"),
        ("", "_"),
    ],
)
def test_names_of_devices_are_no_names_of_folders(name, folder):
    assert folder_of(name) == folder
