"""What a chart shows in words and numbers."""

import numpy as np

from pages.components.charts.live_plot import Curve
from pages.components.charts.told import MOST_ROWS, number, told_curves, told_points
from tests.helpers import with_plain_spaces


def told(curves, **changed):
    arguments = {"x_title": "epoch", "is_share": False, "best": None, "waiting": "no points yet", **changed}
    return told_curves(curves, **arguments)


def test_a_sentence_says_from_where_to_where_and_the_rows_are_the_ends_of_epochs():
    train = Curve("training", np.array([0.1, 0.5, 1.0, 1.9]), np.array([2.3, np.nan, 1.2, 0.6]), 0)
    val = Curve("validation", np.array([1.0, 2.0]), np.array([1.5, 0.7]), 1, markers=True)
    faint = Curve("training, as it is", train.x, train.y, 0, is_faint=True)
    found = told([train, val, faint], best=(2.0, 0.7))
    assert found.sentence == "Training falls from 2.3 to 0.6; validation falls from 1.5 to 0.7. The best epoch is 2."
    assert list(found.head) == ["epoch", "training", "validation"]
    assert found.rows == [["1", "1.2", "1.5"], ["2", "0.6", "0.7"]]


def test_shares_are_per_cent_and_many_curves_are_told_by_their_ends():
    flat = Curve("a", np.arange(3.0), np.full(3, 0.5), 0)
    assert with_plain_spaces(told([flat], is_share=True).sentence) == "A stays at 50.0 %."
    one = Curve("a", np.arange(1.0), np.full(1, 0.5), 0)
    assert with_plain_spaces(told([one], is_share=True).sentence) == "A is 50.0 %."
    many = [Curve(f"run {place}", np.arange(3.0), np.linspace(0, place / 10, 3), 0) for place in range(1, 8)]
    said = with_plain_spaces(told(many, is_share=True).sentence)
    assert said == "7 curves end between 10.0 % (run 1) and 70.0 % (run 7)."


def test_a_long_curve_has_few_rows_with_the_first_and_the_last():
    x = np.arange(5000.0)
    rows = told([Curve("rate", x, x, 0)], x_title="step").rows
    assert len(rows) == MOST_ROWS and rows[0] == ["0", "0"] and rows[-1] == ["4,999", "4,999"]


def test_a_chart_without_a_point_says_what_it_waits_for():
    empty = [Curve("validation", np.zeros(0), np.zeros(0), 0)]
    assert told(empty, waiting="The first point comes<br>after an epoch.") == (
        "The first point comes after an epoch.",
        ("epoch",),
        [],
    )


def test_results_are_told_by_their_range_and_the_best():
    points = [("0.1", 0.2), ("0.01", 0.9), ("1", float("nan"))]
    shares = told_points("Test accuracy", "Learning rate", points, is_share=True)
    said = "Test accuracy against learning rate: from 20.0 % to 90.0 %, the best at 0.01."
    assert with_plain_spaces(shares.sentence) == said and shares.rows[2] == ["1", "–"]
    assert "the best at 0.1." in told_points("Loss", "Rate", points, is_share=False, lowest_is_best=True).sentence


def test_numbers_are_written_as_people_write_them():
    assert [number(value) for value in (None, float("nan"), 1234.5, 0.00012345)] == ["–", "–", "1,234", "0.000123"]
