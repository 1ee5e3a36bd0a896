"""Whatever files and folders are called, they lie under names that any system can have, and keep their own."""

import unicodedata
from pathlib import Path, PureWindowsPath

import pytest

from core.image_sets.ingest import ingest
from core.image_sets.kept_names import KeptNames, listed, names_in_list
from core.image_sets.zip_names import NAMES
from tests.own import encoded, picture

ODD = [
    "aux",
    "con",
    "nul.txt",
    "what?",
    "ends.",
    "a:b",
    "<>|",
    "Cat",
    "cat",
    "ß",
    "SS",
    "x" * 60,
    "traindesk.json",
    "plain",
]


def filled(folder: Path, names: list[str], again: bool = False) -> KeptNames:
    """Two pictures of each class, under its name; with `again` looked up anew for each."""
    kept = KeptNames(folder)
    for number, name in enumerate(names):
        for part in range(2):
            place = kept.place([name, f"{name[:20]}{part}?.png"])
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(encoded(picture("dots", 2 * number + part)))
        kept.keep()
        kept = KeptNames(folder) if again else kept
    return kept


@pytest.mark.parametrize("again", [False, True])
def test_classes_keep_their_names_on_any_system(tmp_path, again):
    folder = tmp_path / "brought"
    folder.mkdir()
    filled(folder, ODD, again)
    places = [path for path in folder.rglob("*") if path.name != NAMES]
    for path in places:
        assert not set(path.name) & set('<>:"\\|?*') and not path.name.endswith((".", " ")) and len(path.name) < 50
        assert not PureWindowsPath(path.name).is_reserved()
    folders = [path.name for path in places if path.is_dir()]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in folders}) == len(ODD)
    dataset, report = ingest(folder, tmp_path / "set", "Odd", lambda *_: None)
    assert {each.name for each in dataset.classes()} == set(ODD) and report.skipped == {}
    assert {name for name in folders} >= {"plain", "Cat"}, "names that any system can have stay"


def test_one_name_lies_at_one_place_and_goes_by_its_own(tmp_path):
    kept = filled(tmp_path, ["what?", "cat"])
    assert kept.called(kept.place(["what?"])) == "what?" and kept.called(tmp_path / "cat") == "cat"
    again = KeptNames(tmp_path)
    assert again.place(["what?"]) == kept.place(["what?"]) and again.called(kept.place(["what?"])) == "what?"
    assert again.place(["Cat"]) != again.place(["cat"]) == tmp_path / "cat"
    assert again.place(["what？"]) != again.place(["what?"])


def test_where_nothing_is_called_otherwise_there_is_no_list(tmp_path):
    kept = KeptNames(tmp_path)
    assert kept.place(["cats", "1.png"]) == tmp_path / "cats" / "1.png"
    kept.keep()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_mac_has_composed_accents(tmp_path):
    for name in ("café", "plain"):
        folder = tmp_path / "in" / unicodedata.normalize("NFD", name)
        folder.mkdir(parents=True)
        for number in range(2):
            (folder / f"{number}.png").write_bytes(encoded(picture("dots", len(name) + number)))
    dataset, _ = ingest(tmp_path / "in", tmp_path / "set", "Mac", lambda *_: None)
    assert {each.name for each in dataset.classes()} == {unicodedata.normalize("NFC", "café"), "plain"}


def test_a_list_that_came_with_a_folder_still_counts(tmp_path):
    """A browser sends an unpacked download as a folder in which it lies."""
    kept = KeptNames(tmp_path)
    for name, data in {"train/a∕b/1.png": 1, "train/cat/2.png": 2, "test/a∕b/3.png": 3, "test/cat/4.png": 4}.items():
        place = kept.place(["Out", *name.split("/")])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded(picture("dots", data)))
    kept.place(["Out", NAMES]).write_bytes(listed({"a∕b": "a/b"}, "classes"))
    kept.keep()
    dataset, _ = ingest(tmp_path, tmp_path / "set", "Again", lambda *_: None)
    assert {each.name for each in dataset.classes()} == {"a/b", "cat"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"traindesk":1}', b'{"names":{"a":"b"}}', b'{"traindesk":1,"names":{"a":1}}', b"\xff"],
)
def test_what_is_no_list_names_nothing(content):
    assert names_in_list(content) == {}
