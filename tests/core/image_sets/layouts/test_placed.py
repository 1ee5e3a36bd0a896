"""A reading in words: names of classes, their order, and two parts."""

from core.image_sets.layouts.placed import natural, some, tidy_class
from tests.core.image_sets.test_layout import files, read


def test_of_two_parts_the_second_is_kept_for_the_test_and_that_is_said():
    layout = read(files("train/cat", "train/dog", "valid/cat", "valid/dog"))
    assert any("'valid' is kept for the test" in note for note in layout.notes)
    assert layout.parts == {"train": "train", "test": "valid"}


def test_classes_are_named_and_ordered_as_people_do():
    assert sorted(["10", "b", "2", "A"], key=natural) == ["2", "10", "A", "b"]
    assert tidy_class(" a\tb\n") == "a b" and tidy_class("\u200b") == "unnamed" and len(tidy_class("x" * 200)) == 60
    assert tidy_class("e\u0301") == "\u00e9", "accents are composed"
    assert some(list("abcdef")) == "'a', 'b', 'c', 'd' and 2 more" and some([]) == "none"
