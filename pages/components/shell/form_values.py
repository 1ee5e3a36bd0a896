"""The training form's values: one flat dict per visitor that outlives page changes, and its way to and from a RunConfig.

Keys: "title", "recipe", a part ("dataset"), a part's field ("dataset.mnist.normalisation"), a group's field ("training.epochs").
Every choice keeps its own values, so going to another architecture and back loses nothing.
"""

from __future__ import annotations

import contextlib
from typing import Any

import streamlit as st

from core.experiments.typed import readings, tokens
from core.recipes import RECIPES
from core.run_config import DEFAULTS, GROUPS, PARTS, RunConfig
from core.settings.settings import FieldSpec, SettingsError, fields_of

STORE = "form values"
WIDGET = "form:"  # beginning of the widgets' keys


def current() -> dict[str, Any]:
    """The values as they stand, with what the visitor has just typed."""
    if STORE not in st.session_state:
        st.session_state[STORE] = values_of(RECIPES[0].config())  # a good first training
    values = st.session_state[STORE]
    for key in list(st.session_state):
        if isinstance(key, str) and key.startswith(WIDGET):
            values[key.removeprefix(WIDGET)] = st.session_state[key]
    return values


def fill(config: RunConfig) -> None:
    """Makes the form show this config. Before the form's widgets are drawn."""
    st.session_state[STORE] = values_of(config)
    for key in list(st.session_state):
        if isinstance(key, str) and key.startswith(WIDGET):
            del st.session_state[key]


def put(key: str, value: Any) -> None:
    """Makes a widget show this value. In a callback, or before it is drawn."""
    st.session_state[STORE][key] = value
    st.session_state.pop(WIDGET + key, None)


def seed(key: str, default: Any) -> str:
    """Gives a widget its value before it is drawn, unless it has one. Returns the widget's key."""
    widget = WIDGET + key
    if widget not in st.session_state:
        st.session_state[widget] = st.session_state[STORE].get(key, default)
    return widget


def values_of(config: RunConfig) -> dict[str, Any]:
    """What the widgets show for a config."""
    values: dict[str, Any] = {"title": config.title, "recipe": config.recipe}
    for part in PARTS:
        settings = getattr(config, part)
        values[part] = settings.name
        for spec in fields_of(type(settings)):
            values[f"{part}.{settings.name}.{spec.name}"] = to_widget(spec, getattr(settings, spec.name))
    for group, settings_class in GROUPS.items():
        for spec in fields_of(settings_class):
            values[f"{group}.{spec.name}"] = to_widget(spec, getattr(getattr(config, group), spec.name))
    return values


def check(values: dict[str, Any]) -> tuple[RunConfig | None, dict[str, str]]:
    """The config that the values describe, or a sentence for each wrong one by its path ("optimizer.learning_rate")."""
    try:
        return RunConfig.from_dict(data_of(values)), {}
    except SettingsError as error:
        sentences: dict[str, str] = {}
        for problem in error.problems:
            spec = _spec_at(problem.path, values)
            text = problem.message
            if spec and spec.kind != "integers" and _raw(spec, problem.path, values) in (None, ""):
                text = f"{spec.title} is empty; it must be {spec.allowed()}."
            sentences.setdefault(problem.path, text)
        return None, sentences


def data_of(values: dict[str, Any]) -> dict[str, Any]:
    """Plain data for RunConfig.from_dict; what was never shown is left to its default."""
    data: dict[str, Any] = {"title": str(values.get("title") or "").strip(), "recipe": values.get("recipe", "")}
    for part, registry in PARTS.items():
        name = values.get(part) or DEFAULTS[part]
        data[part] = {"name": name}
        if name in registry.names():
            data[part] |= _fields(registry.get(name), f"{part}.{name}", values)
    for group, settings_class in GROUPS.items():
        data[group] = _fields(settings_class, group, values)
    return data


def _fields(settings_class: Any, prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        spec.name: from_widget(spec, values[f"{prefix}.{spec.name}"])
        for spec in fields_of(settings_class)
        if f"{prefix}.{spec.name}" in values
    }


def to_widget(spec: FieldSpec, value: Any) -> Any:
    """A setting's value as its widget holds it: numbers with a fraction and lists as text, the rest as it is."""
    if spec.kind == "number":
        return f"{value:.12g}"
    if spec.kind == "integers":
        return ", ".join(str(item) for item in value)
    return value


def from_widget(spec: FieldSpec, value: Any) -> Any:
    """The other way round. What cannot be read stays as typed, for the settings to find fault with."""
    if spec.kind == "number" and isinstance(value, str):
        return number_in(value)
    if spec.kind == "integers" and isinstance(value, str):
        return [number for token in tokens(value) for number in _whole_numbers(token)]
    return "" if value is None else value


def number_in(text: str) -> Any:
    """The number that someone typed, or the text itself for the settings to find fault with."""
    return _number(text, int, float)


def _whole_numbers(token: str) -> list[Any]:
    """1,024 -> 1024, but 16,32 -> 16 and 32. What is none stays text."""
    with contextlib.suppress(ValueError):
        (found,) = readings([token], whole=True, single=False)[-1].numbers
        if all(number.is_integer() for number in found):
            return [int(number) for number in found]
    return [token]


def _number(text: str, *kinds: type) -> Any:
    """The number in a text, of the first kind that can read it, or the text itself."""
    for kind in kinds:
        with contextlib.suppress(ValueError):
            return kind(text.strip().replace(",", "."))  # 0,001 is how half of the world writes it
    return text.strip()


def _spec_at(path: str, values: dict[str, Any]) -> FieldSpec | None:
    owner, _, name = path.partition(".")
    settings_class = GROUPS.get(owner)
    if owner in PARTS and values.get(owner) in PARTS[owner].names():
        settings_class = PARTS[owner].get(values[owner])
    return next((spec for spec in fields_of(settings_class) if spec.name == name), None) if settings_class else None


def _raw(spec: FieldSpec, path: str, values: dict[str, Any]) -> Any:
    owner = path.partition(".")[0]
    prefix = f"{owner}.{values[owner]}" if owner in PARTS else owner
    return values.get(f"{prefix}.{spec.name}", spec.default)
