"""The table of metrics: what is computed of steps and of a split."""

import numpy as np
import pytest

from core.runs.metrics import BY_NAME, COMPARED, METRICS, Evaluation, Interval, in_chart, more_charts, of_steps


def test_of_some_steps_what_is_known_is_computed():
    steps = Interval(losses=[1.0, 3.0], images=128, seconds=0.5, hits=96, counted=128, learning_rate=0.01)
    expected = {"train/loss": 2.0, "train/accuracy": 0.75, "learning_rate": 0.01, "images_per_second": 256.0}
    assert of_steps(steps) == expected
    none_counted = Interval([1.0], 64, 0.0, 0, 0, 0.01)
    assert "train/accuracy" not in of_steps(none_counted) and of_steps(none_counted)["images_per_second"] > 0


def test_of_a_split_by_its_name():
    measured = Evaluation(0.5, np.array([[3, 1], [0, 4]]))
    assert measured.accuracy == pytest.approx(7 / 8)
    assert measured.metrics("val") == {"val/loss": 0.5, "val/accuracy": measured.accuracy}
    assert measured.metrics("test") == {}, "the report of the test is computed at the end"


def test_every_metric_stands_in_a_chart_or_is_measured_once():
    drawn = [metric for chart in ("Loss", "Accuracy", *more_charts()) for metric in in_chart(chart)]
    assert {metric.name for metric in drawn} == {metric.name for metric in METRICS if metric.chart}
    assert [metric.name for metric in METRICS if not metric.chart] == ["test/accuracy"]
    assert all(BY_NAME[metric.name].better for metric in COMPARED)
