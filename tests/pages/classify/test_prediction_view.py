"""A prediction in words and as bars."""

import re

import numpy as np

from pages.components.classify.prediction_view import Said, bars, words, words_in_a_line


def test_the_words_say_how_sure_the_network_is():
    names = ("cat", "dog", "horse")
    of = lambda *shares, **kind: words(Said(np.array(shares), **kind), names)  # noqa: E731
    assert "This is <b>dog</b>, 90.0\u202f% sure." in of(0.05, 0.9, 0.05)
    assert "Probably <b>dog</b>" in of(0.3, 0.6, 0.1)
    assert "Not sure: perhaps <b>cat</b>" in of(0.4, 0.35, 0.25)
    assert "I don't know this" in of(0.05, 0.9, 0.05, is_unknown=True) and "90" not in of(
        0.05, 0.9, 0.05, is_unknown=True
    )
    line = words_in_a_line(Said(np.array([0.05, 0.9, 0.05])), names)
    assert line.index("dog") < line.index("cat") < line.index("horse")
    for kind in ({}, {"is_unknown": True}):
        line = words_in_a_line(Said(np.array([0.05, 0.9, 0.05]), **kind), names, "A <CNN>")
        assert "A &lt;CNN&gt;" in line and "horse" not in line, "who says it, on a phone"


def test_bars_keep_the_order_of_the_classes_and_escape_their_names():
    html = bars(Said(np.array([0.2, 0.7, 0.1])), ("<b>", "dog", "horse"))
    assert html.index("&lt;b&gt;") < html.index("dog") < html.index("horse")
    assert html.count('class="winner"') == 1
    assert "70.0\u202f%" in html


def test_of_many_classes_the_likeliest_have_bars():
    names = tuple(f"kind {number}" for number in range(100))
    html = bars(Said(np.arange(100) / 4950), names)
    assert html.index("kind 99<") < html.index("kind 98<") and "kind 89<" not in html and "and 90 more" in html


def test_of_an_answer_the_room_sees_the_five_likeliest_classes():
    html = bars(Said(np.array([0.01, 0.3, 0.02, 0.4, 0.05, 0.2, 0.02])), tuple("abcdefg"))
    rows = re.findall(r'<li(?: class="([\w ]+)")? style="--rank:(\d)"><span class="name">(\w)', html)
    assert [(name, int(rank)) for _, rank, name in sorted(rows, key=lambda row: int(row[1]))] == [
        *zip("dbfecga", range(7), strict=True)
    ]
    assert {name for kind, _, name in rows if "rest" in kind} == {"g", "a"}
