"""Several things in a sentence."""

import pytest

from core.text.lists import listed, quoted, some


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        (["x"] * 1203, "x, x, x and 1,200 more"),
    ],
)
def test_a_list_in_words(items, text):
    assert listed(items, 3) == text


def test_without_a_limit_all_are_named():
    assert listed(list("abcdef")) == "a, b, c, d, e and f"


def test_names_stand_in_quotes_and_what_is_left_out_is_called():
    assert quoted(["cat", "dog"], 2) == "'cat' and 'dog'"
    assert quoted(["cat", "dog", "owl"], 2, "more classes") == "'cat', 'dog' and 1 more classes"


def test_a_choice_of_them_has_no_and_before_its_last():
    assert (some(["a", "b"], 2), some(["a", "b", "c"], 2)) == ("a, b", "a, b and 1 more")
