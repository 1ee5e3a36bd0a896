"""RunConfig: the whole description of a run, to and from JSON, with every problem reported at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import SerializeAsAny

from core.architectures import ARCHITECTURES, ArchitectureSettings
from core.datasets import DATASETS, DatasetSettings
from core.image_sets.splitting import TRAIN
from core.settings.registry import Registry
from core.settings.settings import Problem, Settings, SettingsError, parse
from core.training.augmentation import Augmentation
from core.training.losses import LOSSES, LossSettings
from core.training.optimizers import OPTIMIZERS, OptimizerSettings
from core.training.schedules import SCHEDULES, ScheduleSettings
from core.training.settings import TrainingSettings

FORMAT = 1  # the one that `RunConfig.format` names
PARTS: dict[str, Registry] = {
    "dataset": DATASETS,
    "architecture": ARCHITECTURES,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}  # parts that are chosen by name
DEFAULTS = {
    "dataset": "digits",
    "architecture": "simple_cnn",
    "loss": "cross_entropy",
    "optimizer": "adam",
    "schedule": "constant",
}


GROUPS: dict[str, type[Settings]] = {"augmentation": Augmentation, "training": TrainingSettings}


class RunConfig(Settings):
    """One run, described completely."""

    format: Literal[1] = 1
    title: str = ""
    recipe: str = ""
    experiment: str = ""  # the group of runs it belongs to
    dataset: SerializeAsAny[DatasetSettings]
    architecture: SerializeAsAny[ArchitectureSettings]
    loss: SerializeAsAny[LossSettings]
    optimizer: SerializeAsAny[OptimizerSettings]
    schedule: SerializeAsAny[ScheduleSettings]
    augmentation: Augmentation
    training: TrainingSettings

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """A config made from plain data; what is left out takes its default. Raises SettingsError with all problems."""
        if not isinstance(data, dict):
            raise SettingsError([Problem("", "The config is not an object with settings by name.")])
        problems: list[Problem] = []
        if data.get("format", FORMAT) != FORMAT:
            raise SettingsError(
                [Problem("format", f"The config has format {data['format']!r}; this version reads format {FORMAT}.")]
            )
        parts: dict[str, Any] = {key: data[key] for key in ("title", "recipe", "experiment") if key in data}
        problems += [
            Problem(key, f"{key.capitalize()} is {str(parts[key])[:60]}; it must be text.")
            for key in parts
            if not isinstance(parts[key], str)
        ]
        known = ["format", "title", "recipe", "experiment", *PARTS, *GROUPS]
        problems += [
            Problem(str(key), f"A config has no setting '{str(key)[:60]}'; its settings are: {', '.join(known)}.")
            for key in data
            if key not in known
        ]
        for key, registry in PARTS.items():
            try:
                value = data.get(key, DEFAULTS[key])
                parts[key] = registry.parse({"name": DEFAULTS[key], **value} if isinstance(value, dict) else value)
            except SettingsError as error:
                problems += error.problems
        for key, group in GROUPS.items():
            try:
                value = data.get(key, {})
                parts[key] = value if isinstance(value, group) else parse(group, value, key)
            except SettingsError as error:
                problems += error.problems
        problems += _conflicts(parts)
        if problems:
            raise SettingsError(problems)
        return parse(cls, parts)  # type: ignore[return-value]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises SettingsError, also when the text is not JSON."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingsError([Problem("", f"The config is not valid JSON ({error}).")]) from None
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def _conflicts(parts: dict[str, Any]) -> list[Problem]:
    """Values that are fine alone and wrong together. Looks only at parts that were valid."""
    problems = []
    dataset, architecture, training, schedule = (
        parts.get(key) for key in ("dataset", "architecture", "training", "schedule")
    )
    if schedule and training and (sentence := schedule.problem(training.epochs)):
        problems.append(Problem("schedule.warmup", sentence))
    if dataset and (sentence := dataset.problem()):
        return [*problems, Problem("dataset.source", sentence)]
    if dataset and training and not dataset.has_groups:  # else `core.runs.before_start` looks at the pictures
        limit = training.training_pictures
        left = dataset.shared_out(Path(), training.validation_share, training.seed, limit).total(TRAIN)
        if training.batch_size > left:
            sentence = dataset.batch_too_large(training.batch_size, left, limit)
            problems.append(Problem("training.batch_size", sentence))
    if dataset and training and training.training_pictures > dataset.info().train_images:
        problems.append(
            Problem(
                "training.training_pictures",
                f"Training pictures is {training.training_pictures:,} of each class, but {dataset.title()} has "
                f"{dataset.info().train_images:,} in all classes together; choose fewer, or 0 for all.",
            )
        )
    if architecture and training and training.batch_size < architecture.smallest_batch:
        problems.append(
            Problem(
                "training.batch_size",
                f"Batch size is {training.batch_size}, but {architecture.label} has batch norm; choose at least "
                f"{architecture.smallest_batch}.",
            )
        )
    if dataset and architecture and min(dataset.info().shape[1:]) < architecture.side_needed():
        height, width = dataset.info().shape[1:]
        problems.append(
            Problem(
                "architecture.channels",
                f"{architecture.label} halves the picture until nothing is left: it needs {architecture.side_needed()} "
                f"pixels and {dataset.title()} has {width} x {height}; use fewer entries in Channels.",
            )
        )
    return problems
