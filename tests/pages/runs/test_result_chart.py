"""The chart of an experiment: the axis that suits the values, seeds with their spread, the best with a star."""

import math

import pytest

from core.experiments.sweep import Sweep, plan, tried
from core.runs.store import create_run
from pages.components.runs.result_chart import result_chart
from pages.components.shell.histories import summary
from pages.components.train.experiments import Experiment, experiment
from tests.helpers import quick_config


def made(runs_folder, values, seeds=1) -> Experiment:
    runs = [create_run(config, runs_folder) for config in plan(Sweep(quick_config(), "Trial", values, seeds)).configs]
    return experiment("Trial", [summary(run) for run in runs])


def chart(shown, results, is_loss=False, path=None):
    setting = next(setting for setting in shown.varied if path in (None, setting.path))
    return result_chart(shown, setting, results, is_loss)


def points(traces):
    return [trace for trace in traces if trace["mode"] == "markers" and trace["marker"]["size"] == 12]


def test_values_spread_by_factors_have_a_logarithmic_axis_with_their_numbers(runs_folder):
    shown = made(runs_folder, {"optimizer.learning_rate": [0.1, 0.00001, 0.001]})
    traces, layout = chart(shown, [0.886111, 0.5, 0.979])
    axis = layout["xaxis"]
    assert axis["type"] == "log" and axis["ticktext"] == ["0.00001", "0.001", "0.1"]
    assert axis["tickvals"] == pytest.approx([0.00001, 0.001, 0.1])
    assert axis["range"][0] < -5 and axis["range"][1] > -1
    assert sorted(point["x"][0] for point in points(traces)) == [0.00001, 0.001, 0.1]
    (line,) = [trace for trace in traces if trace["mode"] == "lines"]
    assert line["x"] == [0.00001, 0.001, 0.1] and line["y"] == pytest.approx([50, 97.9, 88.6111])
    assert [point["text"][0].split("<br>")[1] for point in points(traces)][0] == "88.6\u202f%"


def test_one_loss_far_above_the_others_does_not_flatten_them(runs_folder):
    shown = made(runs_folder, {"training.batch_size": [16, 32, 64]})
    assert "type" not in chart(shown, [0.1, 0.2, 0.9], is_loss=True)[1]["yaxis"]
    axis = chart(shown, [0.1, 0.2, 5000.0], is_loss=True)[1]["yaxis"]
    assert axis["type"] == "log" and axis["range"][0] < -1 and axis["range"][1] > math.log10(5000)
    assert "type" not in chart(shown, [0.0, 0.2, 5000.0], is_loss=True)[1]["yaxis"], "0 has no place on such an axis"


def test_words_stand_side_by_side(runs_folder):
    traces, layout = chart(made(runs_folder, {"training.best_by": ["loss", "accuracy"]}), [0.5, 0.9])
    assert layout["xaxis"]["ticktext"] == ["validation<br>accuracy", "validation loss"]
    assert [point["x"] for point in points(traces)] == [[1.0], [0.0]]


def test_seeds_are_shown_with_their_spread_and_the_best_run_has_the_star(runs_folder):
    shown = made(runs_folder, {"training.epochs": [1, 2]}, seeds=2)
    traces, _ = chart(shown, [0.9, 0.94, 0.5, 0.6])
    first, second = points(traces)
    assert first["y"] == pytest.approx([92]) and first["error_y"]["array"] == pytest.approx([2])
    assert "mean of 2 seeds, from 90.0\u202f% to 94.0\u202f%" in first["text"][0]
    assert second["error_y"]["arrayminus"] == pytest.approx([5])
    star = traces[-1]
    assert (
        star["marker"]["symbol"] == "star"
        and star["y"] == pytest.approx([94])
        and star["text"] == ["<b>94.0\u202f%</b>"]
    )


def test_the_best_loss_is_the_lowest_and_a_run_without_a_result_is_left_out(runs_folder):
    shown = made(runs_folder, {"training.epochs": [1, 2, 3]})
    traces, layout = chart(shown, [0.52, None, 0.123456], is_loss=True)
    assert len(points(traces)) == 2 and traces[-1]["y"] == [0.123456] and traces[-1]["text"] == ["<b>0.123</b>"]
    assert layout["xaxis"]["ticktext"] == ["1", "2", "3"], "what is still to come has its place already"


def test_with_two_settings_lines_join_what_is_alike_in_the_other(runs_folder):
    shown = made(runs_folder, {"training.epochs": [1, 2], "training.batch_size": [16, 32]})
    traces, _ = chart(shown, [0.1, 0.2, 0.3, 0.4], path="training.epochs")
    joined = [trace["y"] for trace in traces if trace["mode"] == "lines"]
    assert joined == [pytest.approx([10, 30]), pytest.approx([20, 40])]


@pytest.mark.parametrize("results", [[None, None], [0.5, None], [0.97, 0.97], [0.0, 0.0], [1.0, 0.999]])
def test_any_results_have_an_axis_that_shows_them(results, runs_folder):
    traces, layout = chart(made(runs_folder, {"training.epochs": [1, 2]}), results)
    low, high = layout["yaxis"]["range"]
    assert math.isfinite(low) and math.isfinite(high) and low < high
    assert all(low <= value <= high for trace in traces for value in trace["y"])
    assert all(low <= mark <= high for mark in layout["yaxis"]["tickvals"])
    assert all(float(text.removesuffix("\u202f%")) <= 100 for text in layout["yaxis"].get("ticktext", []))


def test_labels_keep_their_distance(runs_folder):
    values = [0.1, 0.101, 0.102, 0.5, 1.0]
    _, layout = chart(made(runs_folder, {"optimizer.learning_rate": values}), [0.5] * 5)
    assert layout["xaxis"]["ticktext"] == ["0.1", "0.5", "1"]


def test_what_comes_with_a_choice_is_not_said(runs_folder):
    shown = made(runs_folder, {"optimizer": ["sgd", "adam"]})
    assert [setting.path for setting in shown.varied] == ["optimizer"] and shown.words(1) == "Optimizer Adam"
    assert [setting.path for setting in tried([entry.config for entry in shown.entries])] == ["optimizer"]
