"""The rules of a game: what is wanted, on which pictures, and what a run may use. Zero is no limit.

A run's accuracy is that on its validation pictures at the end of an epoch, which every run has at the same places: validations
within an epoch come when the clock allows. It is confirmed by the test at the end of the run, so nobody gains by looking at test
pictures, and a lucky validation alone wins nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, MaxLen

from core.datasets import DATASETS
from core.errors import TrainDeskError
from core.image_sets.folders import find_dataset
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.splitting import TRAIN
from core.image_sets.suggest import suggested
from core.recipes import RECIPES
from core.run_config import RunConfig
from core.runs.before_start import shared_out
from core.settings.settings import SettingsError
from core.text.numbers import count, duration, percent

Goal = Literal["steps", "pictures", "weights"]
GOALS: dict[Goal, str] = {
    "steps": "the fewest steps",
    "pictures": "the fewest pictures",
    "weights": "the fewest weights",
}
UNITS: dict[Goal, str] = {"steps": "step", "pictures": "picture", "weights": "weight"}
LEAST_TARGET, MOST_TARGET = 0.3, 0.999
MOST = 10**9  # of a limit
# held out for validation, one or the other: among few pictures luck reaches what was not learned
LEAST_SHARE, LEAST_PICTURES = 0.1, 1000
OWN = "own_images"
Limit = Annotated[int, Ge(0), Le(MOST)]


@dataclass(frozen=True)
class Rules:
    """What the host chose; `dataset` by name, of own pictures with their id and version."""

    goal: Goal = "steps"
    dataset: Annotated[str, MaxLen(60)] = "mnist"
    source: Annotated[str, MaxLen(100)] = ""
    version: Limit = 0
    target: Annotated[float, Ge(LEAST_TARGET), Le(MOST_TARGET)] = 0.97  # accuracy
    most_steps: Limit = 0
    most_pictures: Limit = 0
    most_weights: Limit = 0
    most_seconds: Limit = 0  # of training
    most_tries: Limit = 0  # of each group

    def wanted(self) -> str:
        """ "97.0 % in the fewest steps"."""
        return f"{percent(self.target)} in {GOALS[self.goal]}"

    def limits(self) -> list[str]:
        """What a run may use at most: "1,000 steps", "3 tries for each group"."""
        found = [count(most, UNITS[goal]) for goal, most in self.most().items() if most]
        found += [f"{duration(self.most_seconds)} of training"] if self.most_seconds else []
        return found + ([f"{count(self.most_tries, 'try', 'tries')} for each group"] if self.most_tries else [])

    def most(self) -> Mapping[Goal, int]:
        """The limits of what goals count."""
        return {"steps": self.most_steps, "pictures": self.most_pictures, "weights": self.most_weights}

    def dataset_settings(self) -> dict[str, object]:
        """The dataset as a config names it."""
        return {"name": self.dataset} | ({"source": self.source, "version": self.version} if self.source else {})

    def dataset_title(self) -> str:
        """What people call the dataset; its name where it is no longer there."""
        try:
            return RunConfig.from_dict({"dataset": self.dataset_settings()}).dataset.title()
        except (SettingsError, OwnDataError):
            return self.source or self.dataset


def check_rules(rules: Rules) -> None:
    """Raises TrainDeskError, one sentence, for rules that cannot be played by."""
    if rules.dataset not in DATASETS.names():
        raise TrainDeskError(f"There is no dataset '{rules.dataset[:60]}'; choose one of the list.")
    if rules.dataset == OWN and not rules.source:
        raise TrainDeskError("No dataset of own pictures is chosen; choose which one.")
    if not LEAST_TARGET <= rules.target <= MOST_TARGET:
        low, high = percent(LEAST_TARGET), percent(MOST_TARGET)
        raise TrainDeskError(f"The accuracy to reach is {percent(rules.target)}; choose one from {low} to {high}.")
    for name, limit in (*rules.most().items(), ("seconds", rules.most_seconds), ("tries", rules.most_tries)):
        if not 0 <= limit <= MOST:
            raise TrainDeskError(f"The limit of {name} is {limit:,}; choose one from 0, no limit, to {MOST:,}.")
    tests = RunConfig.from_dict({"dataset": rules.dataset_settings()}).dataset.info().test_images
    if not tests:
        raise TrainDeskError(
            f"{rules.dataset_title()} has no test pictures, which confirm what a run reached; hold some out on its page."
        )


def first_config(rules: Rules, data_folder: Path) -> RunConfig:
    """A training within the rules to begin with: that of a recipe on these pictures, or what suits one's own.

    Raises TrainDeskError where the pictures are gone.
    """
    if rules.source:
        settings = suggested(find_dataset(rules.source, data_folder))
        config = RunConfig.from_dict({**settings, "dataset": {**settings["dataset"], **rules.dataset_settings()}})
    else:
        recipe = next((each for each in RECIPES if each.settings["dataset"]["name"] == rules.dataset), None)
        config = recipe.config() if recipe else RunConfig.from_dict({"dataset": rules.dataset_settings()})
    share = max(config.training.validation_share, LEAST_SHARE)
    config = config.with_changes({"title": "", "recipe": "", "training.validation_share": share})
    if rules.most_pictures and shared_out(config, data_folder).total(TRAIN) > rules.most_pictures:
        each, together = pictures_within(rules.most_pictures, config, data_folder)
        changes = {"training_pictures": each, "batch_size": min(config.training.batch_size, together)}
        with suppress(SettingsError):  # no training goes with so few, which the form says
            return config.with_changes({f"training.{name}": value for name, value in changes.items()})
    return config


def pictures_within(most: int, config: RunConfig, data_folder: Path) -> tuple[int, int]:
    """The largest number of training pictures of each class with which a run has at most `most`, and how many they make
    together; (0, 0) where one of each class is more than that."""
    training = config.training
    left = config.dataset.shared_out(data_folder, training.validation_share, training.seed).counts[:, TRAIN]

    def together(each: int) -> int:
        return int(np.minimum(left, each).sum())

    each = bisect_right(range(1, int(left.max()) + 1), most, key=together)
    return each, together(each)


def breach_of_config(rules: Rules, config: RunConfig) -> str:
    """Why a run with this config is outside the rules, one sentence; "" where it is within them. Known before it starts."""
    return next(breaches_of_config(rules, config), "")


def breaches_of_config(rules: Rules, config: RunConfig) -> Iterator[str]:
    """One sentence for each of them, see `breach_of_config`."""
    dataset, training = config.dataset, config.training
    source, version = config.own_dataset()
    if (dataset.name, source) != (rules.dataset, rules.source):
        yield f"Learns from {dataset.title()}; the rules ask for {rules.dataset_title()}."
    elif rules.source and version != rules.version:
        yield f"Learns from version {version} of {dataset.title()}; the rules ask for {rules.version}."
    if training.start_from:
        yield "Starts from the weights of another run; the rules ask for a network that begins anew."
    if training.own_pictures:
        yield (
            "Learns from pictures corrected on the Classify page, which may be test pictures; set My corrections to 0."
        )
    share = training.validation_share
    held_out = round(share * dataset.info().train_images)
    if share < LEAST_SHARE and held_out < LEAST_PICTURES and not dataset.brings_validation():
        yield (
            f"Holds out {percent(share)} for validation, {count(held_out, 'picture')}; the rules ask for "
            f"{percent(LEAST_SHARE)} or {LEAST_PICTURES:,} pictures."
        )
