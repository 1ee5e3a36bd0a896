"""Several values of a setting, as people type them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architectures import ARCHITECTURES
from core.errors import TrainDeskError
from core.experiments.values import MOST, SeveralReadings, number_in, parse_values, typed, words
from core.settings.settings import fields_of
from core.training.augmentation import Augmentation
from core.training.optimizers import OPTIMIZERS
from core.training.settings import TrainingSettings
from tests.helpers import assert_one_sentence


def spec(name):
    classes = [TrainingSettings, OPTIMIZERS.get("sgd"), ARCHITECTURES.get("mlp"), Augmentation]
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
        ("batch_size", "1,024", [1024]),
        ("batch_size", "50, 500, 5,000", [50, 500, 5000]),
        ("batch_size", "50, 500, 1,500", [50, 500, 1500]),  # as a list it would name 500 twice
        ("batch_size", "1,024; 1,500", [1024, 1500]),
        ("batch_size", "1,024 1,500", [1024, 1500]),  # the first says what the comma of the second is
        ("batch_size", "50;500;5000", [50, 500, 5000]),
        ("batch_size", "1'024 2\u202f048 4_096", [1024, 2048, 4096]),
        ("batch_size", "16, 32,", [16, 32]),
        ("batch_size", "1,024 to 4,096", [1024, 2048, 4096]),
        ("batch_size", "1,024 - 4,096, 4 values", [1024, 2048, 3072, 4096]),
        ("batch_size", "50 to 5,000", [50, 500, 5000]),
        ("epochs", "1 to 4", [1, 2, 3, 4]),
        ("epochs", "10 to 50", [10, 20, 30, 40, 50]),
        ("learning_rate", "0.001 to 0.1", [0.001, 0.01, 0.1]),
        ("learning_rate", "0,001 to 0,1, 3 values", [0.001, 0.01, 0.1]),
        ("learning_rate", "0,1 to 0,5 step 0,2", [0.1, 0.3, 0.5]),
        ("learning_rate", "0,01", [0.01]),  # as a list it would be 0 and 01
        ("learning_rate", "0,1, 0,01", [0.1, 0.01]),
        ("learning_rate", "0,5; 1,5", [0.5, 1.5]),
        ("learning_rate", "0,1\n0,01\n", [0.1, 0.01]),
        ("rotation", "5, 10, 15", [5, 10, 15]),
        ("hidden", "1,024, 512; 64", [(1024, 512), (64,)]),
        ("hidden", "200,100; 50", [(200, 100), (50,)]),
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
        ("batch_size", "1,024,2,048", ["'1,024,2,048'", "semicolons"]),
        ("batch_size", "1,024 to 900,000", ["900,000", "from 1 to 100,000"]),
        ("learning_rate", "1e-300 to 1e300", ["at most 10"]),
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


@pytest.mark.parametrize(
    ("name", "text", "ways"),
    [
        ("learning_rate", "0,5", {"0.5": [0.5], "0 and 5": None}),  # a list may be wrong, but is what was typed
        ("rotation", "0,5", {"0.5": [0.5], "0 and 5": [0, 5]}),
        ("rotation", "5,10, 15", {"5.1 and 15": [5.1, 15], "5, 10 and 15": [5, 10, 15]}),
        ("rotation", "1,5 to 4,5", None),
        ("batch_size", "1,500", {"1,500": [1500], "1 and 500": [1, 500]}),
        ("batch_size", "1,500, 2,000, 4,100", None),
        ("learning_rate", "1,500", None),  # a thousand is beyond the limit
    ],
)
def test_what_can_be_read_in_two_ways_is_asked(name, text, ways):
    if ways is None:
        assert parse_values(spec(name), text)
        return
    with pytest.raises(SeveralReadings) as caught:
        parse_values(spec(name), text)
    assert_one_sentence(str(caught.value), f"'{text}'", *ways)
    assert [name for name, _ in caught.value.ways] == list(ways)
    for (_, retyped), values in zip(caught.value.ways, ways.values(), strict=True):
        if values is not None:
            assert parse_values(spec(name), retyped) == values


WHOLE = st.lists(st.integers(1, 100_000), min_size=2, max_size=MOST, unique=True)
FRACTIONS = st.lists(st.integers(1, 999).map(lambda number: number / 1000), min_size=2, max_size=MOST, unique=True)


@given(WHOLE)
def test_typed_whole_numbers_are_read_again_however_thousands_are_written(values):
    assert parse_values(spec("batch_size"), typed(values)) == values
    assert parse_values(spec("batch_size"), "; ".join(f"{value:,}" for value in values)) == values
    assert parse_values(spec("batch_size"), " ".join(f"{value:,}".replace(",", "\u202f") for value in values)) == values


@given(FRACTIONS)
def test_typed_fractions_are_read_again_with_a_point_or_a_comma(values):
    assert parse_values(spec("learning_rate"), typed(values)) == values
    assert (
        parse_values(spec("learning_rate"), "; ".join(f"{value:.3f}".replace(".", ",") for value in values)) == values
    )


@given(
    st.sampled_from(["batch_size", "epochs", "learning_rate", "rotation", "hidden"]),
    st.text("0123456789.,;- toe'x", max_size=30),
)
def test_any_text_gives_allowed_values_or_one_sentence(name, text):
    """And of several readings each is another one, which its own text gives without a question."""
    try:
        values = parse_values(spec(name), text)
        assert values and len(values) == len(set(values)) <= MOST
    except SeveralReadings as error:
        assert len({name for name, _ in error.ways}) == len(error.ways) > 1
        for _, retyped in error.ways:
            try:
                parse_values(spec(name), retyped)
            except SeveralReadings as again:
                raise AssertionError(f"{text!r} -> {retyped!r}") from again
            except TrainDeskError:
                pass  # a way that is not allowed says so
    except TrainDeskError as error:
        assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.00001, "0.00001"), (5000, "5,000"), (0.1 + 0.2, "0.3"), (1e6, "1,000,000")],
)
def test_numbers_are_written_as_people_write_them(value, expected):
    assert words(spec("learning_rate"), value) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.5", 0.5),
        ("0,5", 0.5),
        ("1,5e-3", 0.0015),
        ("1'000", 1000.0),
        ("16,32", 16.32),
        (" 3 ", 3.0),
        ("1,024", 1.024),
    ]
    + [(text, text) for text in ("", "fast", "0,1 0,2", "1,2,3", "nan", "0.1 to 0.5")],
)
def test_the_one_number_of_a_field_is_read_as_one_among_several(text, number):
    assert number_in(spec("gradient_clip"), text) == number


def test_a_comma_with_two_meanings_is_not_guessed():
    wide = replace(spec("gradient_clip"), high=2000.0)
    with pytest.raises(SeveralReadings) as caught:
        number_in(wide, "1,024")
    assert_one_sentence(str(caught.value), "'1,024'", "1,024, or as 1.024", "without the comma")
