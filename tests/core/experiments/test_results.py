"""What an experiment found: groups over seeds, the best, what lines join, and which axis suits the values."""

import pytest

from core.analysis.compare import differences
from core.experiments.results import best_place, group_of, groups, in_order, is_amount, is_spread_by_factors, lines
from core.experiments.sweep import Sweep, plan, sweep_of, tried
from tests.helpers import quick_config


def configs(**values):
    """Two seeds of each combination; keys with __ for a dot."""
    tried_values = {path.replace("__", "."): list(found) for path, found in values.items()}
    return plan(Sweep(quick_config(), "Trial", tried_values, seeds=2)).configs


def test_runs_that_differ_in_the_seed_alone_are_one_group():
    varied = differences(configs(training__epochs=(1, 2)))
    assert group_of(varied, 4) == [0, 0, 1, 1]
    first, second = groups(varied, [0.1, 0.3, 0.5, None])
    assert (first.places, first.results, first.mean) == ((0, 1), (0.1, 0.3), 0.2)
    assert (second.places, second.results) == ((2,), (0.5,))


def test_the_best_is_the_first_of_the_highest_or_of_the_lowest_loss():
    assert best_place([None, 0.5, 0.9, 0.9]) == 2 and best_place([0.5, 0.1, None], lowest=True) == 1
    assert best_place([None, None]) is None


def test_a_line_joins_what_differs_in_its_setting_alone():
    varied = differences(configs(training__epochs=(3, 1), training__batch_size=(16, 32)))
    (epochs,) = [setting for setting in varied if setting.path == "training.epochs"]
    found = groups(varied, [0.1] * 8)
    joined = lines(epochs, varied, found)
    assert [[[varied[0].values[group.places[0]], epochs.values[group.places[0]]] for group in line] for line in joined]
    assert [[epochs.values[group.places[0]] for group in line] for line in joined] == [[1, 3], [1, 3]]


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [
        ([0.1, 0.01, 0.001], True),
        ([50, 500], True),
        ([16, 32, 64], True),
        ([16, 32], False),
        ([1, 2, 3], False),
        ([0, 0.1, 10], False),
        ([5, 5], False),
    ],
)
def test_values_spread_by_factors_stand_on_a_logarithmic_axis(values, logarithmic):
    assert is_spread_by_factors(values) is logarithmic


def test_words_stand_in_the_order_of_the_form_and_numbers_by_size():
    by = {
        setting.path: setting
        for setting in differences(configs(training__best_by=("loss", "accuracy"), training__epochs=(9, 2)))
    }
    assert in_order(by["training.best_by"]) == ["accuracy", "loss"] and not is_amount(by["training.best_by"])
    assert in_order(by["training.epochs"]) == [2, 9] and is_amount(by["training.epochs"])


@pytest.mark.parametrize(
    "values",
    [
        {"optimizer.learning_rate": [0.1, 0.01]},
        {"optimizer": ["sgd", "adam"], "optimizer.learning_rate": [0.1, 0.01]},
        {"architecture.hidden": [(20, 10), (5,)], "training.batch_size": [16, 32]},
        {"training.balance": ["off", "weights"]},
        {},
    ],
)
def test_a_sweep_is_found_again_in_its_runs(values):
    """As it was, so that a person may change a value of it and try again."""
    made = plan(Sweep(quick_config(architecture={"name": "mlp"}), "Trial", values, seeds=2)).configs
    found = sweep_of(made)
    assert found.values == values and found.seeds == 2
    again = plan(Sweep(found.base, "Trial", found.values, found.seeds)).configs
    assert again == [config.model_copy(update={"title": new.title}) for config, new in zip(made, again, strict=True)]


def test_what_comes_with_a_choice_was_not_tried():
    paths = [setting.path for setting in tried(configs(optimizer=("sgd", "adam")))]
    assert paths == ["optimizer", "training.seed"]
