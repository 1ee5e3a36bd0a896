"""Confusion matrices: what is drawn of what kind of numbers."""

import numpy as np
import pytest

from core.analysis.mistakes import commonest_mistakes
from pages.components.charts import heatmap as matrices


def test_mistakes_have_a_colour_of_their_own_that_ends_at_the_largest(drawn):
    matrix = np.array([[9_800, 40, 1], [0, 9_000, 10], [0, 0, 9_999]])
    matrices.heatmap(matrix, ["a", "b", "c"], key="x", title="x")
    ((right, wrong), _, _) = drawn[0]
    assert right["colorscale"] != wrong["colorscale"]
    assert [[value is None for value in row] for row in right["z"]] == (~np.eye(3, dtype=bool)).tolist()
    assert [wrong["z"][place][place] for place in range(3)] == [None] * 3
    assert wrong["z"][0][1] == 1.0, "the largest mistake has the whole colour, beside a diagonal of thousands"
    assert wrong["z"][0][1] > wrong["z"][1][2] > wrong["z"][0][2] >= matrices.FAINTEST > wrong["z"][1][0] == 0
    assert wrong["text"][0][1] == "40" and wrong["text"][1][0] == "" and right["text"][0][0] == "9800"


@pytest.mark.parametrize("classes", [2, 10, 20, 21, 40])
def test_a_matrix_of_few_and_of_many_classes_is_drawn_and_stays_small(classes, drawn):
    matrix = np.random.default_rng(0).integers(0, 5, (classes, classes))
    matrices.heatmap(matrix, [f"class {number}" for number in range(classes)], key="x", title="x")
    (traces, _, options) = drawn[0]
    assert options["height"] <= 620 and options["is_square"]
    assert ("hovertext" in traces[1]) == (classes <= matrices.MOST_WRITTEN)
    assert len(traces[1]["z"]) == classes


def test_of_many_classes_those_mixed_up_most_are_drawn_and_a_click_names_the_right_ones(drawn, monkeypatch):
    matrix = np.eye(500, dtype=int) * 50
    matrix[400, 7] = 9
    matrix[7, 400] = 1
    matrix[30, 499] = 8
    cell = matrices.heatmap(matrix, [f"class {number}" for number in range(500)], key="x", title="All", clicks=True)
    (traces, _, options) = drawn[0]
    assert traces[0]["x"][:4] == [f"class {number}\u200b" for number in (7, 400, 30, 499)] and len(traces[0]["z"]) == 20
    assert options["title"] == "All: the 20 of 500 classes mixed up most" and cell is None
    assert traces[1]["text"][1][0] == "9" and "15.3" in traces[1]["hovertext"][1][0]
    monkeypatch.setattr(matrices, "figure", lambda *_, **options: [1, 0])
    assert matrices.heatmap(matrix, [str(number) for number in range(500)], key="x", title="All", clicks=True) == (
        400,
        7,
    )


def test_a_network_without_mistakes_and_one_without_answers_are_drawn(drawn):
    matrices.heatmap(np.eye(3, dtype=int) * 7, list("abc"), key="x", title="x")
    matrices.heatmap(np.zeros((3, 3), dtype=int), list("abc"), key="x", title="x")
    for traces, _, _ in drawn:
        assert [value for row in traces[1]["z"] for value in row if value] == []


def test_the_commonest_mistakes_come_first_and_know_their_direction():
    matrix = np.array([[50, 3, 0], [7, 50, 1], [0, 1, 50]])
    assert commonest_mistakes(matrix, 3) == [(1, 0, 7), (0, 1, 3), (1, 2, 1)]
    assert commonest_mistakes(np.eye(3, dtype=int), 5) == []
