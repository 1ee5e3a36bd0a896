"""How a command names a config."""

import argparse

import pytest

from core.cli.choosing import choice, chosen_config
from core.cli.common import WrongInput
from core.settings.settings import SettingsError
from tests.helpers import quick_config


def chosen(*arguments):
    return chosen_config(argparse.ArgumentParser(parents=[choice()]).parse_args(list(map(str, arguments))))


def test_a_recipe_with_changed_settings():
    config = chosen("--recipe", "digits", "--set", "epochs=7", "batch_size=16", "--set", "seed=3")
    assert (config.recipe, config.training.epochs, config.training.batch_size, config.training.seed) == (
        "digits",
        7,
        16,
        3,
    )


def test_a_file(tmp_path):
    (tmp_path / "config.json").write_text(quick_config(epochs=5).model_dump_json())
    assert chosen("--config", tmp_path / "config.json") == quick_config(epochs=5)
    (tmp_path / "config.json").write_bytes(b"\xff")
    with pytest.raises(WrongInput, match="cannot be read"):
        chosen("--config", tmp_path / "config.json")


def test_what_is_for_own_pictures_alone_says_so():
    with pytest.raises(WrongInput, match="--images"):
        chosen("--recipe", "digits", "--transfer")
    with pytest.raises(SettingsError, match="Unknown recipe"):
        chosen("--recipe", "vgg")
