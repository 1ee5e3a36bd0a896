"""RunConfig: the whole description of a run, to and from JSON, with every problem reported at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import SerializeAsAny

from core.architectures import ARCHITECTURES, ArchitectureSettings
from core.datasets import DATASETS, DatasetSettings
from core.files import without_halves
from core.image_sets.splitting import TRAIN
from core.settings.registry import Registry
from core.settings.settings import FieldSpec, Problem, Settings, SettingsError, fields_of, parse
from core.text.typed import clean_line
from core.training.augmentation import Augmentation
from core.training.losses import LOSSES, LossSettings
from core.training.optimizers import OPTIMIZERS, OptimizerSettings
from core.training.schedules import SCHEDULES, ScheduleSettings
from core.training.settings import TrainingSettings

FORMAT = 1  # the one that `RunConfig.format` names
PARTS: dict[str, Registry] = {  # what is chosen by name
    registry.kind: registry for registry in (DATASETS, ARCHITECTURES, LOSSES, OPTIMIZERS, SCHEDULES)
}
TEXTS = ("title", "recipe", "experiment")
GROUPS: dict[str, type[Settings]] = {"augmentation": Augmentation, "training": TrainingSettings}


def fields(chosen: Mapping[str, str]) -> dict[str, FieldSpec]:
    """Every setting by its path, in the order of the form: which part is chosen ("optimizer", a choice of names) and what
    the parts chosen here and the groups have ("optimizer.momentum", "training.epochs"). Raises SettingsError on an unknown name.
    """
    found: dict[str, FieldSpec] = {}
    for part, registry in PARTS.items():
        labels = {name: settings_class.label for name, settings_class in registry.items()}
        found[part] = FieldSpec(part, part.capitalize(), "", "", registry.default, "choice", choices=labels)
        settings_class = registry.get(chosen.get(part, registry.default))
        found |= {f"{part}.{spec.name}": spec for spec in fields_of(settings_class)}
    for group, settings_class in GROUPS.items():
        found |= {f"{group}.{spec.name}": spec for spec in fields_of(settings_class)}
    return found


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
        parts: dict[str, Any] = {
            key: clean_line(data[key]) if isinstance(data[key], str) else data[key] for key in TEXTS if key in data
        }
        problems += [
            Problem(key, f"{key.capitalize()} is {str(value)[:60]}; it must be text.")
            for key, value in parts.items()
            if not isinstance(value, str)
        ]
        known = ["format", *TEXTS, *PARTS, *GROUPS]
        data = {key: value for key, value in data.items() if key != "created"}  # of a run's file, see `core.runs.ages`
        problems += [
            Problem(str(key), f"A config has no setting '{str(key)[:60]}'; its settings are: {', '.join(known)}.")
            for key in data
            if key not in known
        ]
        for key, registry in PARTS.items():
            try:
                value = data.get(key, registry.default)
                parts[key] = registry.parse({"name": registry.default, **value} if isinstance(value, dict) else value)
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
            return cls.from_dict(without_halves(json.loads(text)))
        except (ValueError, RecursionError) as error:
            raise SettingsError([Problem("", f"The config is not valid JSON ({error}).")]) from None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, from which `from_dict` makes the same config."""
        return self.model_dump(mode="json")

    def fields(self) -> dict[str, FieldSpec]:
        """Every setting of this run by its path, see `fields`."""
        return fields(self.chosen())

    def chosen(self) -> dict[str, str]:
        """Part -> the name of what is chosen for it."""
        return {part: getattr(self, part).name for part in PARTS}

    def value_at(self, path: str) -> Any:
        """The value of a setting; the name of what is chosen for a part; None where this run has no such setting."""
        owner, _, name = path.partition(".")
        return getattr(getattr(self, owner), name or "name", None)

    def own_dataset(self) -> tuple[str, int]:
        """The id and the version of the dataset of own pictures that it learns from; ("", 0) for any other dataset."""
        return self.value_at("dataset.source") or "", self.value_at("dataset.version") or 0

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """The config with other values at some paths. A part takes a name (its settings become the defaults when it is another
        one) or plain data; it is chosen before its settings are changed. Raises SettingsError with all problems."""
        data = self.to_dict()
        for path, value in sorted(changes.items(), key=lambda change: "." in change[0]):
            owner, _, name = path.partition(".")
            if name and isinstance(data.get(owner), dict):
                data[owner] = {**data[owner], name: value}
            elif owner not in PARTS or value != data[owner]["name"]:
                data[owner] = {"name": value} if owner in PARTS and isinstance(value, str) else value
        return self.from_dict(data)


def _conflicts(parts: dict[str, Any]) -> Iterator[Problem]:
    """Values that are fine alone and wrong together. Looks only at parts that were valid."""
    dataset, architecture, training, schedule = (
        parts.get(key) for key in ("dataset", "architecture", "training", "schedule")
    )
    if schedule and training and (sentence := schedule.problem(training.epochs)):
        yield Problem("schedule.warmup", sentence)
    if dataset and (sentence := dataset.problem()):
        yield Problem("dataset.source", sentence)
        return
    if dataset and training and not dataset.has_groups:  # else `core.runs.before_start` looks at the pictures
        limit = training.training_pictures
        left = dataset.shared_out(Path(), training.validation_share, training.seed, limit).total(TRAIN)
        if training.batch_size > left:
            yield Problem("training.batch_size", dataset.batch_too_large(training.batch_size, left, limit))
    if dataset and training and training.training_pictures > dataset.info().train_images:
        yield Problem(
            "training.training_pictures",
            f"Training pictures is {training.training_pictures:,} of each class, but {dataset.title()} has "
            f"{dataset.info().train_images:,} in all classes together; choose fewer, or 0 for all.",
        )
    if architecture and training and training.batch_size < architecture.smallest_batch:
        yield Problem(
            "training.batch_size",
            f"Batch size is {training.batch_size}, but {architecture.label} has batch norm; choose at least "
            f"{architecture.smallest_batch}.",
        )
    if training and training.batch_size < training.devices:
        yield Problem(
            "training.batch_size",
            f"Batch size is {training.batch_size}, but {training.devices} devices share each batch; choose at least "
            f"{training.devices}.",
        )
    if dataset and architecture and min(dataset.info().shape[1:]) < architecture.side_needed():
        height, width = dataset.info().shape[1:]
        yield Problem(
            "architecture.channels",
            f"{architecture.label} halves the picture until nothing is left: it needs {architecture.side_needed()} "
            f"pixels and {dataset.title()} has {width} x {height}; use fewer entries in Channels.",
        )
