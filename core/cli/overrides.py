"""Changing a config by text: `learning_rate=0.1`, `optimizer=adam`, `architecture.hidden=100,50`."""

from __future__ import annotations

import copy
import difflib
import json
from typing import Any

from core.run_config import DEFAULTS, GROUPS, PARTS
from core.settings.settings import FieldSpec, Problem, SettingsError, fields_of


def with_overrides(data: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """A config's plain data with `key=value` texts applied; the values are checked later, by RunConfig.

    A key is a part (`dataset`, `architecture`, `loss`, `optimizer`: the value is a name, its settings take their
    defaults), a dotted path (`training.epochs`), or the last word of one where only one setting has it.
    Raises SettingsError with all keys that fit nothing.
    """
    data = copy.deepcopy(data)
    problems: list[Problem] = []
    pairs = []
    for text in assignments:
        key, equals, value = text.partition("=")
        if equals:
            pairs.append((key.strip(), value.strip()))
        else:
            problems.append(Problem(text, f"'{text[:60]}' is not of the form key=value; write for example epochs=3."))
    for key, value in pairs:
        if key in PARTS:
            data[key] = {"name": value}
        elif key == "title":
            data["title"] = value
    for key, value in pairs:
        if key in PARTS or key == "title":
            continue
        try:
            part, spec = _find(key, data)
        except SettingsError as error:
            problems += error.problems
        else:
            current = data.get(part) or {}
            data[part] = {
                **({"name": current} if isinstance(current, str) else current),
                spec.name: _value(spec, value),
            }
    if problems:
        raise SettingsError(list(dict.fromkeys(problems)))
    return data


def settings_by_path(data: dict[str, Any]) -> dict[str, tuple[str, FieldSpec]]:
    """Every setting the parts chosen in `data` have: dotted path -> its part and its field."""
    found: dict[str, tuple[str, FieldSpec]] = {}
    for part, registry in PARTS.items():
        chosen = data.get(part, DEFAULTS[part])
        settings_class = registry.get(chosen if isinstance(chosen, str) else chosen.get("name", ""))
        found |= {f"{part}.{spec.name}": (part, spec) for spec in fields_of(settings_class)}
    for part, group in GROUPS.items():
        found |= {f"{part}.{spec.name}": (part, spec) for spec in fields_of(group)}
    return found


def _find(key: str, data: dict[str, Any]) -> tuple[str, FieldSpec]:
    paths = settings_by_path(data)
    matches = [path for path in paths if path == key or path.endswith(f".{key}")]
    if len(matches) == 1:
        return paths[matches[0]]
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
