"""Numbers and how many of what, as people read them."""

import pytest

from core.text.numbers import OF_ONE, bytes_in_words, count, decimal, fitting, percent


def test_how_many_of_what():
    assert count(1, "picture") == "1 picture" and count(0, "picture") == "0 pictures"
    assert count(1200, "picture") == "1,200 pictures" and count(2, "class", "classes") == "2 classes"


@pytest.mark.parametrize("many", OF_ONE)
def test_the_word_after_a_number_fits_it(many):
    assert fitting(1, many) == OF_ONE[many] != many == fitting(2, many) == fitting(0, many)


def test_a_percentage_is_never_more_than_it_is():
    assert percent(0.97851) == "97.9\u202f%" and percent(None) == "–" and percent(0.5, 0) == "50\u202f%"
    assert percent(0.99999) == "99.9\u202f%" and percent(1.0) == "100.0\u202f%"
    assert percent(0.00001) == "<0.1\u202f%" and percent(0.0) == "0.0\u202f%"


def test_a_small_number_is_written_out():
    assert decimal(0.0000321) == "0.0000321" and decimal(1.0) == "1" and decimal(1234.5678) == "1230"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 MB"),
        (3, "1 KB"),
        (158_400, "158 KB"),
        (999_700, "1 MB"),
        (299_400_000, "299 MB"),
        (999_700_000, "1.0 GB"),
        (1_000_000_000, "1.0 GB"),
        (1_234_500_000_000, "1,234.5 GB"),
    ],
)
def test_bytes_are_written_in_words(size, words):
    assert bytes_in_words(size) == words
