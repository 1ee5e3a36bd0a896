"""Changing a config by text: `learning_rate=0.1`, `optimizer=adam`, `architecture.hidden=100,50`."""

from __future__ import annotations

import difflib
import json
from typing import Any

from core.run_config import GROUPS, PARTS, RunConfig, fields
from core.settings.settings import FieldSpec, Problem, SettingsError

_CLASSES = [*GROUPS.values(), *(each for registry in PARTS.values() for _, each in registry.items())]
_RENAMED = {old: new for each in _CLASSES for old, new in each.renamed.items()}  # of earlier releases


def with_overrides(config: RunConfig, assignments: list[str]) -> RunConfig:
    """The config with `key=value` texts applied.

    A key is a part (`dataset`, `architecture`, `loss`, `optimizer`: the value is a name, its settings take their
    defaults), a dotted path (`training.epochs`), or the last word of one where only one setting has it.
    Raises SettingsError with all keys that fit nothing, or with all values that are wrong.
    """
    problems: list[Problem] = []
    pairs = []
    for text in assignments:
        key, equals, value = text.partition("=")
        if equals:
            pairs.append((key.strip(), value.strip()))
        else:
            problems.append(Problem(text, f"'{text[:60]}' is not of the form key=value; write for example epochs=3."))
    chosen = config.chosen() | {key: value for key, value in pairs if key in PARTS}
    changes: dict[str, Any] = {}
    for key, value in pairs:
        if key in PARTS:
            changes[key] = {"name": value}
        elif key == "title":
            changes[key] = value
        else:
            try:
                path, spec = _find(key, fields(chosen))
                changes[path] = _value(spec, value)
            except SettingsError as error:
                problems += error.problems
    if problems:
        raise SettingsError(list(dict.fromkeys(problems)))
    return config.with_changes(changes)


def _find(key: str, known: dict[str, FieldSpec]) -> tuple[str, FieldSpec]:
    paths = {path: spec for path, spec in known.items() if path not in PARTS}
    *part, name = key.rsplit(".", 1)
    key = ".".join([*part, _RENAMED.get(name, name)])
    matches = [path for path in paths if path == key or path.endswith(f".{key}")]
    if len(matches) == 1:
        return matches[0], paths[matches[0]]
    if matches:
        raise SettingsError([Problem(key, f"'{key}' could mean {' or '.join(matches)}; write one of them.")])
    close = difflib.get_close_matches(key, {path: 0 for path in paths} | {path.split(".")[1]: 0 for path in paths}, n=3)
    remedy = f"did you mean {' or '.join(close)}?" if close else f"the settings are: {', '.join([*PARTS, *paths])}."
    raise SettingsError([Problem(key, f"There is no setting '{key[:60]}' in this config; {remedy}")])


def _value(spec: FieldSpec, text: str) -> Any:
    if spec.kind == "integers":
        words = text.strip("[]()").split(",")
        return [_plain(word.strip()) for word in words if word.strip()]
    return text if spec.kind == "text" else _plain(text)


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
