"""Titles where there is room for a part of them."""

from hypothesis import given
from hypothesis import strategies as st

from core.text.titles import LONGEST, shortened, whole


def test_a_long_title_keeps_its_beginning_and_its_end():
    title = "Comparison of very wide networks with everything we tried, seed 2"
    assert shortened(title) == "Comparison of very wid…ied, seed 2"
    assert whole(title) == title
    assert shortened("MLP") == "MLP" and whole("MLP") is None


@given(st.text(max_size=90), st.integers(6, 60))
def test_it_never_takes_more_room_and_says_so_when_something_is_left_out(title, most):
    assert len(shortened(title, most)) <= most
    assert (shortened(title, most) == title) == (whole(title, most) is None) or "…" in title
    assert len(shortened("x" * 80)) == LONGEST
