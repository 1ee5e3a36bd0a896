"""The training form's values: one flat dict per visitor that outlives page changes, and its way to and from a RunConfig.

Keys: "title", "recipe", a part ("dataset"), a part's field ("dataset.mnist.normalisation"), a group's field ("training.epochs").
Every choice keeps its own values, so going to another architecture and back loses nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

from core.experiments.typed import readings, tokens
from core.experiments.values import SeveralReadings, number_in
from core.recipes import RECIPES
from core.run_config import GROUPS, PARTS, RunConfig, fields
from core.settings.settings import FieldSpec, SettingsError

STORE = "form values"
WIDGET = "form:"  # beginning of the widgets' keys
# How long Streamlit keeps what a widget was given before it was drawn. Without it a browser that is slow to draw the first run of
# a page shows the widgets of the second one, which come without their values: empty, or with the first choice of a list.
LASTS: Literal["session"] = "session"


def current() -> dict[str, Any]:
    """The values as they stand, with what the visitor has just typed."""
    if STORE not in st.session_state:
        st.session_state[STORE] = values_of(RECIPES[0].config())  # a good first training
    values = st.session_state[STORE]
    for key in state_keys(WIDGET):
        values[key.removeprefix(WIDGET)] = st.session_state[key]
    return values


def fill(config: RunConfig) -> None:
    """Makes the form show this config. Before the form's widgets are drawn."""
    fill_values(values_of(config))


def fill_values(values: dict[str, Any]) -> None:
    """Makes the form show these values. Before the form's widgets are drawn."""
    st.session_state[STORE] = dict(values)
    for key in state_keys(WIDGET):
        del st.session_state[key]


def state_keys(prefix: str) -> list[str]:
    """The keys of this visitor's state that begin so."""
    return [key for key in st.session_state if isinstance(key, str) and key.startswith(prefix)]


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


def key_of(path: str, chosen: Mapping[str, str]) -> str:
    """The key of a setting's value: "optimizer.momentum" -> "optimizer.sgd.momentum"."""
    owner, dot, name = path.partition(".")
    return f"{owner}.{chosen[owner]}.{name}" if dot and owner in PARTS else path


def values_of(config: RunConfig) -> dict[str, Any]:
    """What the widgets show for a config."""
    values: dict[str, Any] = {"title": config.title, "recipe": config.recipe}
    for path, spec in config.fields().items():
        values[key_of(path, config.chosen())] = to_widget(spec, config.value_at(path))
    return values


def check(values: dict[str, Any]) -> tuple[RunConfig | None, dict[str, str]]:
    """The config that the values describe, or a sentence for each wrong one by its path ("optimizer.learning_rate")."""
    try:
        return RunConfig.from_dict(data_of(values)), {}
    except SettingsError as error:
        sentences: dict[str, str] = {}
        chosen, specs = _chosen(values), _specs(values)
        for problem in error.problems:
            spec, text = specs.get(problem.path), problem.message
            raw = values.get(key_of(problem.path, chosen), spec.default if spec else None)
            if spec and spec.kind != "integers" and raw in (None, ""):
                text = f"{spec.title} is empty; it must be {spec.allowed()}."
            elif spec and spec.kind == "number" and isinstance(raw, str):
                try:
                    number_in(spec, raw)
                except SeveralReadings as doubt:
                    text = str(doubt)
            sentences.setdefault(problem.path, text)
        return None, sentences


def data_of(values: dict[str, Any]) -> dict[str, Any]:
    """Plain data for RunConfig.from_dict; what was never shown is left to its default."""
    data: dict[str, Any] = {"title": str(values.get("title") or "").strip(), "recipe": values.get("recipe", "")}
    chosen = _chosen(values)
    data |= {part: {"name": name} for part, name in chosen.items()} | {group: {} for group in GROUPS}
    for path, spec in _specs(values).items():
        owner, dot, name = path.partition(".")
        if dot and (key := key_of(path, chosen)) in values:
            data[owner][name] = from_widget(spec, values[key])
    return data


def _chosen(values: dict[str, Any]) -> dict[str, str]:
    return {part: values.get(part) or registry.default for part, registry in PARTS.items()}


def _specs(values: dict[str, Any]) -> dict[str, FieldSpec]:
    """The settings of what is chosen; of a part that is chosen by a name that is none, nothing here has values."""
    return fields({part: name for part, name in _chosen(values).items() if name in PARTS[part].names()})


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
        with contextlib.suppress(SeveralReadings):  # `check` says so
            return number_in(spec, value)
    if spec.kind == "integers" and isinstance(value, str):
        return [number for token in tokens(value) for number in _whole_numbers(token)]
    return "" if value is None else value


def _whole_numbers(token: str) -> list[Any]:
    """1,024 -> 1024, but 16,32 -> 16 and 32. What is none stays text."""
    with contextlib.suppress(ValueError):
        (found,) = readings([token], whole=True, single=False)[-1].numbers
        if all(number.is_integer() for number in found):
            return [int(number) for number in found]
    return [token]
