"""Drawings that everyone adds to."""

import pytest
from PIL import Image

from core.errors import TrainDeskError
from core.lessons import Collection
from tests.helpers import assert_one_sentence

INK = Image.new("L", (20, 20), 0)


@pytest.fixture
def letters(tmp_path):
    return Collection(tmp_path / "letters", ("A", "B"), 1)


def test_each_draws_what_is_missing_until_all_is_there(letters):
    for wanted in ("A", "B"):
        assert letters.next_of(letters.drawn().get("Zoë", {}) or {"A": 0, "B": 0}) == wanted
        letters.keep("Zoë", wanted, INK)
    assert letters.complete() == ["Zoë"] and letters.next_of(letters.drawn()["Zoë"]) == ""
    assert sorted(place.partition(" ")[0] for place in letters.files()) == ["A/by", "B/by"]


def test_one_person_is_one_writer_however_the_name_is_typed(letters):
    letters.keep("Anna", "A", INK)
    letters.keep(" anna ", "B", INK)
    assert list(letters.drawn()) == ["Anna"]
    with pytest.raises(TrainDeskError) as told:
        letters.keep("ANNA", "A", INK)
    assert_one_sentence(str(told.value), "Anna has drawn the A already")


def test_whatever_a_name_holds_it_stays_in_the_folder(letters, tmp_path):
    drawing = letters.keep("../../evil: a?b", "A", INK)
    assert drawing.parent == tmp_path / "letters" / "A" and list(letters.drawn()) == ["evil a b"]
    for name in ("", " ?", "x" * 21):
        with pytest.raises(TrainDeskError) as told:
            letters.keep(name, "A", INK)
        assert_one_sentence(str(told.value))


def test_one_is_taken_back_and_all_are_removed(letters):
    letters.keep("Ben", "B", INK)
    letters.keep("Ben", "A", INK)
    letters.keep("anna", "A", INK)
    assert list(letters.drawn()) == ["anna", "Ben"], "in the order of an alphabet"
    letters.take_back("Ben")
    letters.take_back("Cem")
    assert letters.drawn() == {"anna": {"A": 1}, "Ben": {"B": 1}}
    letters.clear()
    assert letters.drawn() == {} and letters.files() == {}


def test_there_is_a_limit_to_writers(letters, monkeypatch):
    monkeypatch.setattr("core.lessons._collection.MOST_WRITERS", 1)
    letters.keep("Anna", "A", INK)
    letters.keep("Anna", "B", INK)
    with pytest.raises(TrainDeskError) as told:
        letters.keep("Ben", "A", INK)
    assert_one_sentence(str(told.value), "1 writer", "limit")


def test_a_disk_that_takes_nothing_is_said(letters, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.lessons._collection.write_atomically", full)
    with pytest.raises(TrainDeskError) as told:
        letters.keep("Anna", "A", INK)
    assert_one_sentence(str(told.value), "No space left", "free some space")
