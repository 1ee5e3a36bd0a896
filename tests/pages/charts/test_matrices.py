"""Confusion matrices and parallel coordinates: what is drawn of what kind of numbers."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.mistakes import commonest_mistakes
from pages.components.charts import heatmap as matrices
from pages.components.charts import parallel as coordinates
from pages.components.charts.parallel import dimension, written
from pages.components.run.mistakes_view import class_table
from tests.pages.apps import run, words


@pytest.fixture
def drawn(monkeypatch):
    """What reaches the browser: (traces, layout, options) of each picture."""
    found = []

    def figure(traces, layout, **options):
        found.append((traces, layout, options))

    for module in (matrices, coordinates):
        monkeypatch.setattr(module, "figure", figure)
    return found


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


def test_a_class_table_names_every_class_as_it_is_written():
    table = class_table([{"class": "<b>", "precision": 1.0, "recall": 0.5, "f1": 0.7, "images": 1200}])
    assert "&lt;b&gt;" in table and "1,200" in table and "<b>" not in table


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


def many_classes():
    from pages.components.run.mistakes_view import draw_classes

    draw_classes(
        [
            {"class": f"class {n}", "precision": 0.9, "recall": 0.9, "f1": n / 120, "images": 0 if n == 3 else 9}
            for n in range(120)
        ]
    )


def test_of_many_classes_the_hardest_stand_first_and_the_others_are_folded():
    app = run(AppTest.from_function(many_classes))
    assert [expander.label for expander in app.expander] == ["The other 108 classes"]
    text = words(app)
    assert text.index(">class 0<") < text.index(">class 12<") < text.index("The other 108") < text.index(">class 119<")
    assert text.index("The other 108") < text.index(">class 3<"), "a class without pictures is not a hard one"
