"""Registries: names, duplicates, unknown names."""

from typing import ClassVar, Literal

import pytest

from core.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.settings.registry import Registry
from core.settings.settings import Settings, SettingsError, fields_of, setting
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS

REGISTRIES = [ARCHITECTURES, DATASETS, LOSSES, OPTIMIZERS]


def fruits():
    registry = Registry("fruit")

    @registry.register
    class Apple(Settings):
        label: ClassVar[str] = "Apple"
        name: Literal["apple"] = "apple"
        weight: int = setting(100, "Weight", "Grams.", ge=1, le=500)

    @registry.register
    class Pear(Settings):
        label: ClassVar[str] = "Pear"
        name: Literal["pear"] = "pear"

    return registry, Apple, Pear


def test_names_come_in_the_order_of_registration():
    registry, apple, pear = fruits()
    assert registry.names() == ["apple", "pear"]
    assert registry.items() == [("apple", apple), ("pear", pear)]
    assert registry.get("pear") is pear


def test_a_duplicate_is_refused_and_names_both_modules():
    registry, _, _ = fruits()

    class Second(Settings):
        name: Literal["apple"] = "apple"

    Second.__module__ = "orchard.second"
    with pytest.raises(ValueError, match=r"fruit 'apple' is registered twice: .*test_registry and orchard\.second"):
        registry.register(Second)
    assert registry.names() == ["apple", "pear"]


def test_an_unknown_name_lists_the_known():
    registry, _, _ = fruits()
    with pytest.raises(SettingsError) as caught:
        registry.get("plum")
    assert str(caught.value) == "Unknown fruit 'plum'; choose one of: apple, pear."
    assert caught.value.problems[0].path == "fruit"


def test_settings_are_made_from_a_name_an_object_or_themselves():
    registry, apple, _ = fruits()
    assert registry.parse("apple") == apple()
    assert registry.parse({"name": "apple", "weight": 5}) == apple(weight=5)
    assert registry.parse(apple(weight=7)) == apple(weight=7)


@pytest.mark.parametrize("data", [None, 5, ["apple"], {"name": 5}, {"name": ["apple"]}, {"name": None}, "x" * 1000])
def test_anything_else_is_an_unknown_name_in_a_short_sentence(data):
    registry, _, _ = fruits()
    with pytest.raises(SettingsError) as caught:
        registry.parse(data)
    assert str(caught.value).startswith("Unknown fruit")
    assert len(str(caught.value)) < 150


def test_problems_are_found_under_the_kind():
    registry, _, _ = fruits()
    with pytest.raises(SettingsError) as caught:
        registry.parse({"name": "apple", "weight": 0, "colour": "red"})
    assert [problem.path for problem in caught.value.problems] == ["fruit.weight", "fruit.colour"]


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_everything_registered_is_fit_for_a_form(registry):
    assert registry.names()
    for name, settings_class in registry.items():
        assert settings_class().name == name
        assert settings_class.label
        assert settings_class.__doc__
        for spec in fields_of(settings_class):
            assert spec.title[0].isupper() and spec.help.endswith("."), f"{name}.{spec.name}"
            assert spec.kind in ("text", "boolean", "choice") or spec.high is not None, f"{name}.{spec.name}"


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_labels_are_different(registry):
    labels = [settings_class.label for _, settings_class in registry.items()]
    assert len(set(labels)) == len(labels)
