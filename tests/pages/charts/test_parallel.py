"""Axes for settings and parallel coordinates: what is drawn of what kind of numbers."""

import pytest

from pages.components.charts import parallel as coordinates
from pages.components.charts.parallel import dimension, written


@pytest.mark.parametrize(
    ("number", "text"),
    [(60_000, "60,000"), (1e-05, "0.00001"), (88.6111, "88.6"), (0.0325, "0.0325"), (1234.5, "1,234"), (0.5, "0.5")],
)
def test_numbers_on_an_axis_are_written_as_people_write_them(number, text):
    assert written(number) == text


def test_labels_that_would_lie_on_each_other_are_left_out_but_never_the_ends():
    found = dimension("x", [0.1, 0.101, 0.102, 0.5, 0.899, 0.9])
    assert found["ticktext"] == ["0.1", "0.5", "0.9"]
    assert len(dimension("x", list(range(1, 40)))["tickvals"]) <= 15


def test_long_titles_take_several_lines_and_the_result_has_round_numbers(drawn):
    axes = [
        ("Share of the training pictures", [0.1, 0.2, 0.3]),
        ("Architecture", ["a", "b", "a name that is far too long for its place"]),
        ("Best validation accuracy, %", [88.6111, 92.7778, 99.1667]),
    ]
    coordinates.parallel(axes, key="x", title="x")
    (trace,), layout, options = drawn[0]
    first, second, result = trace["dimensions"]
    assert "<br>" in first["label"] and "<br>" in result["label"]
    assert result["ticktext"] == ["90", "92", "94", "96", "98"] and result["values"][0] == 88.6111
    assert max(map(len, second["ticktext"])) <= coordinates.LONGEST
    assert options["least_width"] == 3 * coordinates.ROOM and layout["margin"]["r"] >= 60


def test_one_and_the_same_result_everywhere_still_has_a_label(drawn):
    coordinates.parallel([("Seed", [1, 2]), ("Accuracy, %", [97.5, 97.5])], key="x", title="x")
    ((trace,), _, _) = drawn[0]
    assert trace["dimensions"][-1]["ticktext"] == ["97.5"]
