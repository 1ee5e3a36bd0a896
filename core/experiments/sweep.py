"""A sweep: one config and the values that some of its settings take, made into the configs of many runs."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.analysis.compare import Setting, differences
from core.errors import TrainDeskError
from core.experiments.results import SEED
from core.experiments.values import words
from core.run_config import PARTS, RunConfig
from core.settings.settings import FieldSpec, SettingsError

MOST = 200  # runs of one sweep


@dataclass(frozen=True)
class Sweep:
    """What is to be tried: `values` are those of each setting by its path ("optimizer", "training.batch_size")."""

    base: RunConfig
    name: str  # of the experiment
    values: dict[str, list[Any]]
    seeds: int = 1  # runs of each combination, with the seeds after the base's
    method: Literal["grid", "random"] = "grid"
    samples: int = 10  # combinations that "random" draws
    seed: int = 0  # of that draw


@dataclass(frozen=True)
class Plan:
    """The runs that a sweep makes."""

    configs: list[RunConfig] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # combinations that cannot be trained, a sentence each


def plan(sweep: Sweep, check: Callable[[RunConfig], None] = lambda _: None) -> Plan:
    """All configs of a sweep, each once. Those for which `check` raises a SettingsError are left out.

    Raises TrainDeskError when there are none, or too many.
    """
    if not sweep.name.strip():
        raise TrainDeskError("The experiment has no name; give it one, so that its runs can be found together.")
    if not 1 <= sweep.seeds <= MOST:
        raise TrainDeskError(f"The number of seeds is {sweep.seeds}; it must be from 1 to {MOST}.")
    if sweep.method == "random" and not 1 <= sweep.samples <= MOST:
        raise TrainDeskError(f"The number of combinations is {sweep.samples}; it must be from 1 to {MOST}.")
    combinations = math.prod(len(values) for values in sweep.values.values())
    drawn = min(combinations, sweep.samples) if sweep.method == "random" else combinations
    if drawn * sweep.seeds > MOST:
        raise TrainDeskError(
            f"This would make {drawn * sweep.seeds:,} runs; at most {MOST} can be made at once, so try fewer values or draw "
            "some combinations at random."
        )
    made: dict[str, RunConfig] = {}
    left_out = []
    for combination in _combinations(sweep, combinations, drawn):
        chosen = dict(zip(sweep.values, combination, strict=True))
        title = _title(sweep.base, chosen)
        for repeat in range(sweep.seeds):
            try:
                config = _config(sweep, chosen, repeat, title)
                check(config)
            except SettingsError as error:
                left_out.append(f"{title}: {error}")
                break
            made.setdefault(config.model_copy(update={"title": ""}).model_dump_json(), config)
    if not made:
        raise TrainDeskError(
            left_out[0] if left_out else "There is nothing to try; choose a setting and give it values."
        )
    return Plan(list(made.values()), left_out)


def tried(configs: Sequence[RunConfig]) -> list[Setting]:
    """What differs between runs, but for what comes with the choice of a part: SGD has other defaults than Adam."""
    varied = differences(configs)
    parts = {setting.path: setting for setting in varied if setting.is_part}
    return [setting for setting in varied if not _follows(setting, parts.get(setting.path.partition(".")[0]))]


def sweep_of(configs: Sequence[RunConfig]) -> Sweep:
    """The sweep that these runs (at least one) come from, as well as they tell; its name and title are left empty."""
    values: dict[str, list[Any]] = {}
    for setting in tried(configs):
        if setting.spec.kind != "text":
            values[setting.path] = list(dict.fromkeys(value for value in setting.values if value is not None))
    seeds = values.pop(SEED, [0])
    return Sweep(configs[0].model_copy(update={"title": "", "experiment": ""}), "", values, seeds=len(seeds))


def _follows(setting: Setting, part: Setting | None) -> bool:
    """Whether a setting has one value for each choice of its part."""
    if part is None or setting.path == part.path:
        return False
    of_choice: dict[Any, set[Any]] = {}
    for choice, value in zip(part.values, setting.values, strict=True):
        of_choice.setdefault(choice, set()).add(value)
    return all(len(values) == 1 for values in of_choice.values())


def specs_of(config: RunConfig) -> dict[str, FieldSpec]:
    """The settings that can take several values by path, in the order of the form."""
    return {path: spec for path, spec in config.fields().items() if spec.kind != "text"}


def _combinations(sweep: Sweep, count: int, drawn: int) -> Iterator[tuple[Any, ...]]:
    columns = list(sweep.values.values())
    if sweep.method == "grid":
        yield from itertools.product(*columns)
        return
    for number in sorted(random.Random(sweep.seed).sample(range(count), drawn)):
        chosen = []
        for values in reversed(columns):
            number, place = divmod(number, len(values))
            chosen.append(values[place])
        yield tuple(reversed(chosen))


def _config(sweep: Sweep, chosen: dict[str, Any], repeat: int, title: str) -> RunConfig:
    number = chosen.get(SEED, sweep.base.training.seed) + repeat
    seed = f", seed {number}" if sweep.seeds > 1 else ""
    told = {"title": title[: 80 - len(seed)] + seed, "experiment": sweep.name.strip()}
    return sweep.base.with_changes(chosen | told | {SEED: number})


def _title(base: RunConfig, chosen: dict[str, Any]) -> str:
    """What is special about a run: "Learning rate 0.01, Batch size 64"."""
    specs = specs_of(base)
    said = []
    for path, value in chosen.items():
        spec = specs.get(path)
        title = "" if path in PARTS else f"{spec.title if spec else path} "
        said.append(title + (words(spec, value) if spec else str(value)))
    return ", ".join(said) or base.title or "Run"
