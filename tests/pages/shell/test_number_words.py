"""Numbers in words."""

import time
from typing import get_args

import pytest

from core.analysis.run_words import precision_in_words
from core.recipes import find_recipe
from core.runs.store import StatusName
from core.settings.settings import fields_of
from core.text.numbers import decimal, percent
from pages.components.shell.form_values import from_widget, to_widget
from pages.components.shell.number_words import (
    STATUS_COLOURS,
    about,
    count,
    duration,
    moment,
    plain_markdown,
)
from pages.components.shell.setting_words import value_in_words


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (0.0001, "<0.1 %"),
        (0.5, "50.0 %"),
        (0.9785, "97.9 %"),
        (0.99996, "99.9 %"),
        (1, "100.0 %"),
        (None, "–"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, text):
    assert percent(share) == text.replace(" ", "\u202f")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "under 1 s"), (59, "59 s"), (75, "1 min 15 s"), (3720, "1 h 02 min"), (None, "–"), (-3, "0 s")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.1 s"), (0.34, "0.3 s"), (9.96, "10 s"), (12.4, "12 s"), (127, "2 min 10 s"), (3599, "1 h 00 min")],
)
def test_estimates_promise_no_more_than_they_know(seconds, text):
    assert about(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.0000321, "0.0000321"), (0.1, "0.1"), (1e-10, "0.0000000001"), (2, "2"), (0.123456, "0.123")]
)
def test_small_numbers_have_no_exponent(number, text):
    assert decimal(number) == text


@pytest.mark.parametrize(
    ("started", "text"),
    [
        ({"device": "cpu", "precision": "bfloat16", "threads": 1}, "bfloat16, 1 thread"),
        ({"device": "cuda:0", "precision": "float32", "threads": 8}, "float32"),
        ({"device": "cpu"}, ""),
    ],
)
def test_how_it_computes(started, text):
    assert precision_in_words(started) == text


def test_every_status_has_a_colour():
    names = {*get_args(StatusName), "damaged"}
    assert set(STATUS_COLOURS) == names


def test_moments():
    assert moment(time.time()).startswith("today ")
    assert moment(0).startswith(("1 Jan 1970", "31 Dec 1969"))


def test_counts():
    assert (count(1, "value"), count(0, "value"), count(1200, "picture")) == ("1 value", "0 values", "1,200 pictures")


def test_text_that_looks_like_markdown_is_shown_as_it_is():
    assert plain_markdown("a_b [x](y)") == r"a\_b \[x\]\(y\)"


def test_every_setting_of_a_config_has_words_and_a_widget_value():
    config = find_recipe("digits").config()
    for part in (config.dataset, config.architecture, config.optimizer, config.augmentation, config.training):
        for spec in fields_of(type(part)):
            value = getattr(part, spec.name)
            assert isinstance(value_in_words(spec, value), str)
            read = from_widget(spec, to_widget(spec, value))
            assert (tuple(read) if isinstance(read, list) else read) == value


def test_one_of_a_unit_is_one():
    specs = {spec.name: spec for spec in fields_of(type(find_recipe("digits").config().training))}
    said = {name: value_in_words(specs[name], 1) for name in ("patience", "epoch_seconds", "training_pictures")}
    assert said == {"patience": "1 epoch", "epoch_seconds": "1 second", "training_pictures": "1 of each class"}
    assert (
        value_in_words(specs["patience"], 0) == "0 epochs"
        and value_in_words(specs["epoch_seconds"], 1.5) == "1.5 seconds"
    )
