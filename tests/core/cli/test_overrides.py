"""Changing a config by text, as the command line does."""

import pytest

from core.cli.overrides import with_overrides
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.settings.settings import SettingsError
from tests.helpers import assert_one_sentence

BASE = find_recipe("simple_cnn").config()


def changed(*assignments, base=BASE):
    return with_overrides(base, list(assignments))


def messages(*assignments, base=BASE):
    with pytest.raises(SettingsError) as caught:
        changed(*assignments, base=base)
    found = [problem.message for problem in caught.value.problems]
    assert len(set(found)) == len(found), f"the same sentence twice: {found}"
    for message in found:
        assert "\n" not in message and message.endswith((".", "?"))
    return found


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("epochs=3", "training.epochs", 3),
        ("training.epochs=3", "training.epochs", 3),
        (" epochs = 3 ", "training.epochs", 3),
        ("learning_rate=1e-4", "optimizer.learning_rate", 1e-4),
        ("momentum=0", "optimizer.momentum", 0.0),
        ("nesterov=true", "optimizer.nesterov", True),
        ("hidden=100,50", "architecture.hidden", (100, 50)),
        ("hidden=[100, 50]", "architecture.hidden", (100, 50)),
        ("hidden=", "architecture.hidden", ()),
        ("channels=8", "architecture.channels", (8,)),
        ("normalisation=half", "dataset.normalisation", "half"),
        ("flip=true", "augmentation.flip", True),
        ("title=A = B", "title", "A = B"),
        ("device=cpu", "training.device", "cpu"),
    ],
)
def test_a_setting_is_changed_and_nothing_else(text, path, value):
    config = changed(text)
    part, _, name = path.rpartition(".")
    assert getattr(getattr(config, part) if part else config, name) == value
    before, after = BASE.to_dict(), config.to_dict()
    (before[part] if part else before).pop(name)
    (after[part] if part else after).pop(name)
    assert after == before


def test_a_part_is_chosen_by_name_with_its_defaults():
    config = changed("optimizer=adam", "architecture=mlp", "loss=mse", "dataset=digits")
    assert config.optimizer.learning_rate == 0.001
    assert config.architecture.hidden == (200, 200)
    assert (config.loss.name, config.dataset.name) == ("mse", "digits")


def test_a_part_is_chosen_before_its_settings_whatever_the_order():
    assert changed("dropout=0.2", "architecture=improved_cnn").architecture.dropout == 0.2


def test_the_last_of_two_wins():
    assert changed("epochs=3", "training.epochs=4").training.epochs == 4


def test_the_given_data_is_not_touched():
    before = find_recipe("simple_cnn").config()
    with_overrides(before, ["epochs=3", "optimizer=adam", "hidden=5"])
    assert before == find_recipe("simple_cnn").config()


def test_a_part_given_as_a_bare_name_can_be_changed():
    assert changed("hidden=5", base=RunConfig.from_dict({"architecture": "mlp"})).architecture.hidden == (5,)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("epochs", ("'epochs' is not of the form key=value", "epochs=3")),
        ("epoch=3", ("There is no setting 'epoch'", "did you mean", "epochs")),
        ("training.epoch=3", ("did you mean", "training.epochs")),
        ("learning_rate=nan", ("Learning rate is 'nan'", "a number above 0, at most 10")),
        ("learning_rate=NaN", ("Learning rate is not a number (NaN)",)),
        ("learning_rate=Infinity", ("Learning rate is infinite",)),
        ("epochs=1.5", ("Epochs is 1.5", "a whole number from 1 to 10,000")),
        ("epochs=ten", ("Epochs is 'ten'",)),
        ("optimizer=adagrad", ("Unknown optimizer 'adagrad'; choose one of: sgd, adam, adamw, rmsprop",)),
        ("hidden=100;50", ("Hidden layers is '100;50'",)),
        ("normalisation=none", ("one of standard, zero_one, half, imagenet",)),
        ("batch_size=1000000", ("Batch size is 1000000", "at most", "100,000")),
        ("=5", ("There is no setting ''",)),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(text, parts):
    if text.startswith("batch_size"):
        parts = ("Batch size is 1000000; it must be a whole number from 1 to 100,000 images",)
    (message,) = messages(text)
    for part in parts:
        assert part in message
    if text != "=5":  # lists every setting
        assert_one_sentence(message)


def test_keys_that_fit_nothing_are_all_told():
    assert len(messages("epoch=3", "lerning_rate=1", "novalue")) == 3


def test_an_unknown_part_is_told_once_however_many_settings_follow():
    assert messages("dataset=letters", "epochs=3", "batch_size=4") == [
        "Unknown dataset 'letters'; choose one of: " + ", ".join(_names("dataset")) + "."
    ]


def test_an_ambiguous_word_names_its_meanings(monkeypatch):
    paths = BASE.fields()
    both = {**paths, "dataset.epochs": paths["training.epochs"]}
    monkeypatch.setattr("core.cli.overrides.fields", lambda chosen: both)
    (message,) = messages("epochs=3")
    assert message == "'epochs' could mean training.epochs or dataset.epochs; write one of them."


def test_every_setting_can_be_named_by_its_path():
    paths = {path: spec for path, spec in BASE.fields().items() if "." in path}
    assert {"dataset.normalisation", "architecture.hidden", "optimizer.momentum", "training.seed"} <= set(paths)
    for path, spec in paths.items():
        text = ",".join(map(str, spec.default)) if spec.kind == "integers" else str(spec.default)
        config = changed(f"{path}={text.lower() if spec.kind == 'boolean' else text}")
        assert config.value_at(path) == spec.default


def _names(part):
    from core.run_config import PARTS

    return PARTS[part].names()
