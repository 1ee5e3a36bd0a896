"""What an experiment found: its runs grouped by their settings, each with the result of every seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from core.analysis.compare import Setting

SEED = "training.seed"
FACTOR = 10.0  # values that are spread by it stand on a logarithmic axis


@dataclass(frozen=True)
class Group:
    """Runs with the same settings but for the seed. Places count the runs of the experiment from 0."""

    places: tuple[int, ...]
    results: tuple[float, ...]  # of those that have one, in the order of `places`

    @property
    def mean(self) -> float:
        """Of the results, one for each seed."""
        return mean(self.results)


def group_of(varied: Sequence[Setting], runs: int) -> list[int]:
    """For each run the number of its group, from 0 in the order of the runs; those that differ in the seed alone share one."""
    others = [setting for setting in varied if setting.path != SEED]
    numbers: dict[tuple[Any, ...], int] = {}
    return [
        numbers.setdefault(tuple(str(setting.values[place]) for setting in others), len(numbers))
        for place in range(runs)
    ]


def groups(varied: Sequence[Setting], results: Sequence[float | None]) -> list[Group]:
    """The groups that have a result, in their order."""
    members: dict[int, list[int]] = {}
    for place, number in enumerate(group_of(varied, len(results))):
        if results[place] is not None:
            members.setdefault(number, []).append(place)
    return [
        Group(tuple(places), tuple(value for place in places if (value := results[place]) is not None))
        for places in members.values()
    ]


def best_place(results: Sequence[float | None], lowest: bool = False) -> int | None:
    """The first of the runs with the best result; `lowest`: of a loss."""
    known = [(place, value) for place, value in enumerate(results) if value is not None]
    if not known:
        return None
    better: Callable[..., tuple[int, float]] = min if lowest else max
    return better(known, key=lambda item: item[1])[0]


def lines(setting: Setting, varied: Sequence[Setting], found: Sequence[Group]) -> list[list[Group]]:
    """Groups that are alike in all settings but this one, each in the order of its values: what a line may join."""
    others = [other for other in varied if other.path not in (setting.path, SEED)]
    joined: dict[tuple[str, ...], list[Group]] = {}
    for group in found:
        joined.setdefault(tuple(str(other.values[group.places[0]]) for other in others), []).append(group)
    order = in_order(setting)
    return [
        sorted(line, key=lambda group: order.index(setting.values[group.places[0]]))
        for line in joined.values()
        if len(line) > 1
    ]


def in_order(setting: Setting) -> list[Any]:
    """The different values of a setting: numbers and lists of them by size, choices as the form has them, others as they come."""
    values = list(dict.fromkeys(setting.values))
    if setting.spec.choices and not setting.is_part:
        known = list(setting.spec.choices)
        return sorted(values, key=lambda value: known.index(value) if value in known else len(known))
    if all(isinstance(value, bool | int | float) for value in values) or all(
        isinstance(value, tuple) for value in values
    ):
        return sorted(values)
    return values


def is_amount(setting: Setting) -> bool:
    """Whether its values have a place on an axis of numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in setting.values)


def is_spread_by_factors(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis suits them: far apart, or each the same number of times the one before (16, 32, 64)."""
    different = sorted(set(values))
    if len(different) < 2 or different[0] <= 0:
        return False
    if different[-1] / different[0] >= FACTOR:
        return True
    steps = [math.log(after / before) for before, after in zip(different, different[1:], strict=False)]
    return len(different) > 2 and max(steps) < 1.05 * min(steps)
