"""Numbers and how many of what, as people read them."""

import pytest

from core.text.numbers import OF_ONE, count, decimal, fitting, percent


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
