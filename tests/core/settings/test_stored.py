"""Whatever lies on disk can be read: what is wrong costs what it belongs to, and nothing else."""

import json
import os
from dataclasses import dataclass, field

import pytest

from core import files
from core.files import parse_json
from core.settings import stored
from core.settings.stored import KeptFiles, read_stored, stored_as, write_stored


@dataclass(frozen=True)
class Place:
    x: int
    name: str = ""


@dataclass(frozen=True)
class Thing:
    title: str = "untitled"
    count: int = 3
    share: float = 0.5
    good: bool = False
    tags: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)


WHOLE = Thing("Größe", 7, 0.25, True, ("a", "b"), (Place(1, "one"), Place(2)), {"x": 1.5}, [("f", "g")])
DIGITS = "9" * 400


def test_what_is_written_is_read(tmp_path):
    write_stored(tmp_path / "thing.json", WHOLE)
    assert read_stored(Thing, tmp_path / "thing.json") == WHOLE
    assert json.loads((tmp_path / "thing.json").read_bytes())["places"] == [
        {"x": 1, "name": "one"},
        {"x": 2, "name": ""},
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"7",
        b"null",
        b"[1]",
        b"\xff\xfe",
        b"\x00\x01\x80" * 50,
        b"[" * 100_000,
        b'{"tags": ' * 50_000,
        b'{"title": "x"',
        DIGITS.encode(),
        b'"' + b"x" * 100,
    ],
)
def test_what_is_no_object_is_all_defaults(tmp_path, content):
    (tmp_path / "thing.json").write_bytes(content)
    assert read_stored(Thing, tmp_path / "thing.json") == Thing()


def test_a_missing_file_a_folder_a_closed_one_and_a_giant_are_all_defaults(tmp_path, monkeypatch):
    assert read_stored(Thing, tmp_path / "none") == Thing() == read_stored(Thing, tmp_path / "none" / "deeper")
    (tmp_path / "folder").mkdir()
    assert read_stored(Thing, tmp_path / "folder") == Thing()
    (tmp_path / "closed").write_text('{"count": 9}')
    (tmp_path / "closed").chmod(0)
    if not os.access(tmp_path / "closed", os.R_OK):  # root reads it all the same, and Windows
        assert read_stored(Thing, tmp_path / "closed") == Thing()
    monkeypatch.setattr(files, "MOST_JSON", 20)
    (tmp_path / "giant").write_text('{"count": 9}')
    assert read_stored(Thing, tmp_path / "giant") == Thing(count=9)
    (tmp_path / "giant").write_text('{"count": 9}         ')
    assert read_stored(Thing, tmp_path / "giant") == Thing()


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        *((name, "null") for name in ("title", "count", "share", "good", "tags", "places", "seconds", "pairs")),
        *((name, '"no"') for name in ("count", "share", "good", "tags", "places", "seconds", "pairs")),
        *((name, "1") for name in ("title", "good", "tags", "places", "seconds", "pairs")),
        *(("count", text) for text in ("1.5", "true", "Infinity", "NaN", "1e999", DIGITS, "-" + DIGITS, "[7]")),
        *(("share", text) for text in ("true", "Infinity", "-Infinity", "NaN", "1e999", DIGITS, "[0.5]")),
        *(("title", text) for text in ("[]", "{}", "true", "[" * 50 + "]" * 50)),
    ],
)
def test_a_damaged_field_falls_back_alone(tmp_path, name, damaged):
    others = {key: value for key, value in json.loads(json.dumps(vars(WHOLE), default=vars)).items() if key != name}
    text = json.dumps(others)[:-1] + f', "{name}": {damaged}, "of a later release": [1]}}'
    (tmp_path / "thing.json").write_text(text)
    found = read_stored(Thing, tmp_path / "thing.json")
    assert getattr(found, name) == getattr(Thing(), name)
    assert all(getattr(found, key) == getattr(WHOLE, key) for key in others)


def test_of_a_list_and_a_table_only_what_is_wrong_is_left_out():
    said = {
        "tags": ["a", 7, None, "b", ["c"]],
        "places": [{"x": 1}, {"name": "no x"}, {"x": "1"}, 5, {"x": 2, "name": 3}, {"x": 4, "name": "kept"}],
        "seconds": {"one": 1, "two": "2", "three": None},
        "pairs": [["a", "b"], ["a"], ["a", 1], "ab", ["c", "d"]],
    }
    found = stored_as(Thing, said)
    assert found.tags == ("a", "b") and found.places == (Place(1), Place(4, "kept"))
    assert found.seconds == {"one": 1.0} and found.pairs == [("a", "b"), ("c", "d")]


def test_halves_of_characters_are_left_out():
    found = stored_as(
        Thing, parse_json(rb'{"title": "a\ud800b", "tags": ["\udfffx"], "seconds": {"\ud83d": 1}, "count": 8}')
    )
    assert found == Thing("ab", 8, tags=("x",), seconds={"": 1.0})
    assert parse_json(r'"\ud83d\ude00"') == "😀"


def test_a_kept_file_is_read_anew_when_it_was_written_since(tmp_path, monkeypatch):
    reads = []
    monkeypatch.setattr(stored, "parse_json", lambda data, parse=stored.parse_json: reads.append(data) or parse(data))
    kept, file = KeptFiles(Thing), tmp_path / "thing.json"
    assert kept.read(str(file)) is None
    write_stored(file, Thing("one"))
    os.utime(file, (1, 1))
    assert [kept.read(str(file)).title for _ in range(3)] == ["one"] * 3 and len(reads) == 1
    write_stored(file, Thing("two"))
    assert kept.read(str(file)).title == "two"
    file.unlink()
    assert kept.read(str(file)) is None
