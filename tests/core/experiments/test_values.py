"""Several values of a setting, as people type them."""

import pytest

from core.architectures import ARCHITECTURES
from core.errors import TrainDeskError
from core.experiments.values import parse_values, words
from core.settings import fields_of
from core.training.optimizers import OPTIMIZERS
from core.training.settings import TrainingSettings
from tests.helpers import assert_one_sentence


def spec(name):
    classes = [TrainingSettings, OPTIMIZERS.get("sgd"), ARCHITECTURES.get("mlp")]
    return next(found for settings in classes for found in fields_of(settings) if found.name == name)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("learning_rate", "0.1, 0.01, 0.001", [0.1, 0.01, 0.001]),
        ("learning_rate", "0.1,0.01", [0.1, 0.01]),
        ("learning_rate", "0.1 0.01;0.001", [0.1, 0.01, 0.001]),
        ("learning_rate", "0,1; 0,01", [0.1, 0.01]),
        ("learning_rate", "1e-3, 1e-2", [0.001, 0.01]),
        ("learning_rate", "0.001 to 0.1, 3 values", [0.001, 0.01, 0.1]),
        ("learning_rate", "0.001 to 0.1, 5", [0.001, 0.003162, 0.01, 0.03162, 0.1]),
        ("learning_rate", "0.1 to 0.5 step 0.2", [0.1, 0.3, 0.5]),
        ("momentum", "0.5 to 0.9, 3 values", [0.5, 0.7, 0.9]),
        ("momentum", "0 to 0.9, 2 values", [0.0, 0.9]),
        ("batch_size", "16, 32, 64", [16, 32, 64]),
        ("batch_size", "16,32,64", [16, 32, 64]),
        ("batch_size", "8 to 128, 5 values", [8, 16, 32, 64, 128]),
        ("epochs", "1 to 9 step 2", [1, 3, 5, 7, 9]),
        ("epochs", "1 to 3, 7 values", [1, 2, 3]),
        ("epochs", "5, 5, 5.0", [5]),
        ("hidden", "200, 200; 50", [(200, 200), (50,)]),
        ("learning_rate", "0.1", [0.1]),
    ],
)
def test_values_are_read_as_they_are_meant(name, text, expected):
    assert parse_values(spec(name), text) == expected


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("learning_rate", "", ["Learning rate", "no values"]),
        ("learning_rate", "fast, slow", ["'fast'", "above 0, at most 10"]),
        ("learning_rate", "0.1, 11", ["11", "at most 10"]),
        ("learning_rate", "0, 0.1", ["the value 0", "above 0"]),
        ("learning_rate", "0.1 to 0.001, 3 values", ["0.1 to 0.001", "larger"]),
        ("learning_rate", "0.1 to 1, 1 values", ["1 values", "from 2 to 50"]),
        ("learning_rate", "0.1 to 1 step 0", ["step of 0"]),
        ("learning_rate", "0.001 to 1 step 0.0001", ["at most 50"]),
        ("batch_size", "16.5", ["'16.5'", "whole number"]),
        ("batch_size", "nan, inf", ["'nan'"]),
        ("epochs", "1 to 60 step 1", ["at most 50"]),
        ("hidden", "1, 2, x", ["'x'"]),
    ],
)
def test_what_is_wrong_is_one_sentence(name, text, parts):
    with pytest.raises(TrainDeskError) as caught:
        parse_values(spec(name), text)
    assert_one_sentence(str(caught.value), *parts)


def test_too_many_values_are_refused():
    with pytest.raises(TrainDeskError) as caught:
        parse_values(spec("epochs"), ", ".join(map(str, range(1, 100))))
    assert_one_sentence(str(caught.value), "99 values", "at most 50")


def test_values_in_a_few_letters():
    assert words(spec("learning_rate"), 0.001) == "0.001"
    assert words(spec("nesterov"), True) == "on"
    assert words(spec("hidden"), (200, 100)) == "200-100"
    assert words(spec("best_by"), "loss") == "validation loss"
