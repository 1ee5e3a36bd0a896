"""Two runs in one sentence: which is better, whether that is more than luck, and what they differ in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from core.run_config import GROUPS, PARTS, RunConfig
from core.settings.settings import FieldSpec
from core.settings.words import value_in_words
from core.text.numbers import SIGN, UNKNOWN, percent

LUCK = 0.05  # a difference that luck alone brings about less often than this counts as larger than luck
NORMAL = NormalDist()
MARGIN = NORMAL.inv_cdf(1 - LUCK / 2)  # standard errors


@dataclass(frozen=True)
class Difference:
    """How much better the second of two runs is, in shares of the test images, and how sure that is."""

    first: float  # accuracy 0..1
    second: float
    images: int
    margin: float  # half the width of the 95 % interval of the difference
    chance: float  # probability of such a difference, or a larger one, between networks that are equally good
    paired: bool  # were both measured on the same images, one by one?

    @property
    def gain(self) -> float:
        """How much better the second is, -1..1."""
        return self.second - self.first

    @property
    def is_real(self) -> bool:
        """Whether it is larger than luck."""
        return self.chance < LUCK


def unpaired(first: float, second: float, first_images: int, second_images: int) -> Difference:
    """From two accuracies alone, as if measured on different images: a wider margin than `paired` has.

    Two-proportion z test (Agresti, Categorical Data Analysis, 3.2).
    """
    spread = math.sqrt(first * (1 - first) / first_images + second * (1 - second) / second_images)
    together = (first * first_images + second * second_images) / (first_images + second_images)
    pooled = math.sqrt(together * (1 - together) * (1 / first_images + 1 / second_images))
    chance = 2 * NORMAL.cdf(-abs(second - first) / pooled) if pooled else 1.0
    return Difference(first, second, min(first_images, second_images), MARGIN * spread, chance, paired=False)


def paired(first_right: np.ndarray, second_right: np.ndarray) -> Difference:
    """From the same test images: bool (N,) each, whether a network had it right.

    Exact McNemar test (McNemar 1947): only images that one network had right and the other wrong tell them apart.
    """
    images = len(first_right)
    lost = int((first_right & ~second_right).sum())
    won = int((~first_right & second_right).sum())
    spread = math.sqrt(max(0.0, (lost + won) / images - ((won - lost) / images) ** 2) / images)
    from scipy.special import bdtr  # a fifth of a second, for those who ask for it

    chance = min(1.0, 2 * float(bdtr(min(won, lost), lost + won, 0.5)))
    first, second = float(first_right.mean()), float(second_right.mean())
    return Difference(first, second, images, MARGIN * spread, chance, paired=True)


def over_seeds(first: Sequence[float], second: Sequence[float], images: int) -> Difference:
    """From the accuracies of several seeds each, at least two: Welch's t test."""
    one, two = np.asarray(first), np.asarray(second)
    from scipy.stats import ttest_ind  # half a second

    result = ttest_ind(two, one, equal_var=False)
    interval = result.confidence_interval(1 - LUCK)
    if not math.isfinite(result.pvalue):  # no spread at all on either side
        return Difference(one.mean(), two.mean(), images, 0.0, 0.0 if one.mean() != two.mean() else 1.0, paired=False)
    margin = float(interval.high - interval.low) / 2
    return Difference(float(one.mean()), float(two.mean()), images, margin, float(result.pvalue), paired=False)


def in_words(difference: Difference, first: str, second: str) -> str:
    """ "B is 1.3 points better than A (98.9 against 97.6 % of 10,000 test pictures; larger than luck, ±0.4)."."""
    better, worse = (second, first) if difference.gain >= 0 else (first, second)
    high, low = sorted((difference.first, difference.second), reverse=True)
    points = abs(difference.gain) * 100
    decimals = 1 if points >= 0.1 or not points else 2
    best = percent(high, decimals).removesuffix(SIGN)
    numbers = f"{best} against {percent(low, decimals)} of {difference.images:,} test pictures"
    margin = f"±{difference.margin * 100:.{decimals}f}"
    if not difference.gain:
        of_all = f"{percent(high)} of {difference.images:,} test pictures"
        return f"{first} and {second} are equally good ({of_all}; {margin})."
    if difference.is_real:
        return f"{better} is {points:.{decimals}f} points better than {worse} ({numbers}; larger than luck, {margin})."
    return f"{better} is {points:.{decimals}f} points ahead of {worse}, which may be luck ({numbers}; {margin})."


@dataclass(frozen=True)
class Setting:
    """A setting in which configs differ."""

    path: str  # "optimizer.learning_rate"; "optimizer" for which one is chosen
    values: tuple[Any, ...]  # one for each config; None where it has no such setting
    spec: FieldSpec

    @property
    def title(self) -> str:
        """As on the form."""
        return self.spec.title

    @property
    def is_part(self) -> bool:
        """Whether it says which part was chosen."""
        return self.path in PARTS

    def in_words(self, place: int) -> str:
        """Its value in one of the configs; – where that has no such setting."""
        value = self.values[place]
        return UNKNOWN if value is None else value_in_words(self.spec, value)


def differences(configs: Sequence[RunConfig]) -> list[Setting]:
    """The settings that are not the same in all, in the order of the form."""
    specs = {path: spec for config in configs for path, spec in config.fields().items()}
    owners = [*PARTS, *GROUPS]
    settings = [
        Setting(path, tuple(config.value_at(path) for config in configs), specs[path])
        for path in sorted(specs, key=lambda path: owners.index(path.partition(".")[0]))
    ]
    return [setting for setting in settings if any(value != setting.values[0] for value in setting.values)]
